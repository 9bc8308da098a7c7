//! Questions put to a person on a terminal.

use std::path::PathBuf;

use dialoguer::console::Term;
use dialoguer::theme::ColorfulTheme;
use dialoguer::{Confirm, Input, Select};

use crate::error::Error;
use crate::interrupt::Interrupt;
use crate::template::{AppName, BadName, Fault, Question, Rule};

/// A terminal to ask on.
pub(crate) struct Prompts {
    term: Term,
    theme: ColorfulTheme,
}

impl Prompts {
    /// From now on Ctrl-C ends a question and not the program, which has to restore the terminal.
    pub(crate) fn new(interrupt: &Interrupt) -> Result<Self, Error> {
        interrupt.on_ctrl_c()?;
        Ok(Self {
            term: Term::stderr(),
            theme: ColorfulTheme::default(),
        })
    }

    /// Asks where the app should go.
    pub(crate) fn path(&self) -> Result<PathBuf, Error> {
        self.say_why("Its last part is the app's name too.")?;
        let answer = Input::<String>::with_theme(&self.theme)
            .with_prompt("In which new folder should the app be?")
            .default("my-app".to_owned())
            .interact_text_on(&self.term);
        self.settle(answer).map(PathBuf::from)
    }

    /// Asks for a name in place of one that can't be used.
    pub(crate) fn name(&self, bad: &BadName) -> Result<AppName, Error> {
        let answer = Input::<String>::with_theme(&self.theme)
            .with_prompt(format!("{}. What is the app's name?", bad.message()))
            .default(bad.suggestion().to_owned())
            .validate_with(|typed: &String| {
                AppName::new(typed)
                    .map(|_name| ())
                    .map_err(|bad| bad.message())
            })
            .interact_text_on(&self.term);
        let typed = self.settle(answer)?;
        AppName::new(&typed)
            .map_err(|bad| Error::Answers(vec![Fault::new("the name", &bad.with_suggestion())]))
    }

    /// Asks one of the template's questions.
    pub(crate) fn ask(&self, question: &Question) -> Result<String, Error> {
        self.say_why(question.reason)?;
        match question.rule {
            Rule::OneOf(choices) => {
                let default = choices
                    .iter()
                    .position(|choice| *choice == question.default);
                let answer = Select::with_theme(&self.theme)
                    .with_prompt(question.prompt)
                    .items(choices)
                    .default(default.unwrap_or_default())
                    .interact_on(&self.term);
                let chosen = choices.get(self.settle(answer)?);
                Ok((*chosen.unwrap_or(&question.default)).to_owned())
            }
            Rule::Matches { .. } => {
                let answer = Input::<String>::with_theme(&self.theme)
                    .with_prompt(question.prompt)
                    .default(question.default.to_owned())
                    .show_default(!question.default.is_empty())
                    .allow_empty(true)
                    .validate_with(|typed: &String| match question.objection(typed) {
                        Ok(None) => Ok(()),
                        Ok(Some(objection)) => Err(objection),
                        Err(broken) => Err(broken.to_string()),
                    })
                    .interact_text_on(&self.term);
                self.settle(answer)
            }
        }
    }

    /// Asks for a yes or no; Enter means no.
    pub(crate) fn is_wanted(&self, question: &str) -> Result<bool, Error> {
        let answer = Confirm::with_theme(&self.theme)
            .with_prompt(question)
            .default(false)
            .interact_on(&self.term);
        self.settle(answer)
    }

    /// Says above a question what it is asked for.
    fn say_why(&self, reason: &str) -> Result<(), Error> {
        let reason = self.term.style().dim().apply_to(reason);
        let said = self.term.write_line(&reason.to_string());
        self.settle(said.map_err(dialoguer::Error::IO))
    }

    /// Restores the terminal if a question was not answered.
    fn settle<T>(&self, answer: dialoguer::Result<T>) -> Result<T, Error> {
        answer.map_err(|dialoguer::Error::IO(error)| {
            let _ = self.term.show_cursor();
            if error.kind() == std::io::ErrorKind::Interrupted {
                Error::Interrupted
            } else {
                Error::Prompt(error)
            }
        })
    }
}
