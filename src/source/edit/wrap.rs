//! Edits inside of a function: a statement before another, calls at the end of a chain's first
//! link, and a closure that takes its surroundings along.

use std::ops::Range;

use syn::parse::Parser as _;
use syn::spanned::Spanned as _;
use syn::visit_mut::{self, VisitMut};
use syn::{Block, Expr, ExprClosure, Stmt};

use super::{CannotEdit, Edit};
use crate::source::comments;
use crate::source::file::SourceFile;

impl Edit<'_> {
    /// Puts a line of its own before a statement and the comments above that.
    pub(crate) fn add_before(
        &mut self,
        statement: &Range<usize>,
        line: &str,
    ) -> Result<(), CannotEdit> {
        let start = self.line_start(statement.start);
        let before = self.file.text.get(start..statement.start);
        if before.is_some_and(|before| before.trim().is_empty()) {
            let above = comments::above(&self.file.text, start);
            let at = above.map_or(start, |comment| comment.start);
            let indent = self.indent_at(statement.start);
            self.splice(at..at, format!("{indent}{line}{}", self.file.line_end()));
        } else {
            self.splice(statement.start..statement.start, format!("{line} "));
        }
        let new = Block::parse_within
            .parse_str(line)
            .map_err(|_| CannotEdit(format!("`{line}` can't be parsed")))?;
        let mut adding = Adding {
            file: self.file,
            before: statement,
            new: Some(new),
        };
        adding.visit_file_mut(&mut self.expected);
        match adding.new {
            None => Ok(()),
            Some(_) => Err(CannotEdit("a statement can't be found again".to_owned())),
        }
    }

    /// Has a closure take what it uses along.
    pub(crate) fn make_move(&mut self, closure: &Range<usize>) -> Result<(), CannotEdit> {
        self.splice(closure.start..closure.start, "move ".to_owned());
        let mut moving = Moving {
            file: self.file,
            closure,
            is_done: false,
        };
        moving.visit_file_mut(&mut self.expected);
        if moving.is_done {
            Ok(())
        } else {
            Err(CannotEdit("a closure can't be found again".to_owned()))
        }
    }

    /// Calls methods on what an expression gives, before anything else is called on it.
    pub(crate) fn call_on(
        &mut self,
        expression: &Range<usize>,
        calls: &[String],
    ) -> Result<(), CannotEdit> {
        let end = self.file.line_end();
        let text = &self.file.text;
        let written = text.get(expression.clone()).unwrap_or_default();
        let rest = text.get(expression.end..).unwrap_or_default();
        let row = rest.lines().next().unwrap_or_default();
        let is_alone = row.trim().is_empty() || row.trim().starts_with("//");
        let mut below = rest.get(row.len()..).unwrap_or_default().lines().skip(1);
        let next = below.find(|line| !line.trim().is_empty() && !line.trim().starts_with("//"));
        let next = next.filter(|line| is_alone && line.trim_start().starts_with('.'));
        let (at, indent, tail) = match next {
            Some(line) => {
                let code = line.trim_start();
                let indent = line.strip_suffix(code).unwrap_or_default().to_owned();
                (expression.end + row.len(), indent, String::new())
            }
            None => {
                let indent = format!("{}{}", self.indent_at(expression.start), self.step());
                let is_followed = row.trim_start().starts_with('.');
                let tail = if is_followed {
                    format!("{end}{indent}")
                } else {
                    String::new()
                };
                (expression.end, indent, tail)
            }
        };
        let lines: String = calls
            .iter()
            .map(|call| format!("{end}{indent}{call}"))
            .collect();
        let chain = format!("{written}{}", calls.concat());
        self.splice(at..at, format!("{lines}{tail}"));
        let new: Expr =
            syn::parse_str(&chain).map_err(|_| CannotEdit(format!("`{chain}` can't be parsed")))?;
        let mut chaining = Chaining {
            file: self.file,
            at: expression,
            new: Some(new),
        };
        chaining.visit_file_mut(&mut self.expected);
        match chaining.new {
            None => Ok(()),
            Some(_) => Err(CannotEdit("an expression can't be found again".to_owned())),
        }
    }
}

struct Adding<'e> {
    file: &'e SourceFile,
    before: &'e Range<usize>,
    new: Option<Vec<Stmt>>,
}

impl VisitMut for Adding<'_> {
    fn visit_block_mut(&mut self, block: &mut Block) {
        visit_mut::visit_block_mut(self, block);
        let mut statements = block.stmts.iter();
        let index =
            statements.position(|statement| self.file.range(statement.span()) == *self.before);
        if let Some(index) = index
            && let Some(new) = self.new.take()
        {
            block.stmts.splice(index..index, new);
        }
    }
}

struct Moving<'e> {
    file: &'e SourceFile,
    closure: &'e Range<usize>,
    is_done: bool,
}

impl VisitMut for Moving<'_> {
    fn visit_expr_closure_mut(&mut self, closure: &mut ExprClosure) {
        if self.file.range(closure.span()) == *self.closure && !self.is_done {
            closure.capture = Some(Default::default());
            self.is_done = true;
        } else {
            visit_mut::visit_expr_closure_mut(self, closure);
        }
    }
}

struct Chaining<'e> {
    file: &'e SourceFile,
    at: &'e Range<usize>,
    new: Option<Expr>,
}

impl VisitMut for Chaining<'_> {
    fn visit_expr_mut(&mut self, expression: &mut Expr) {
        let is_it =
            matches!(expression, Expr::Call(_)) && self.file.range(expression.span()) == *self.at;
        match self.new.take_if(|_| is_it) {
            Some(new) => *expression = new,
            None => visit_mut::visit_expr_mut(self, expression),
        }
    }
}
