//! The filters that cargo-generate adds to Liquid's own: names in another case. Its `rhai` filter,
//! which runs scripts, is left out on purpose.

use std::fmt;

use heck::{
    ToKebabCase, ToLowerCamelCase, ToPascalCase, ToShoutyKebabCase, ToShoutySnakeCase, ToSnakeCase,
    ToTitleCase, ToUpperCamelCase,
};
use liquid_core::parser::{FilterArguments, ParameterReflection};
use liquid_core::{Filter, FilterReflection, ParseFilter, Result, Runtime, Value, ValueView};

/// All of them, for the parser.
pub(super) const CASES: [Case; 8] = [
    Case {
        name: "kebab_case",
        write: <str as ToKebabCase>::to_kebab_case,
    },
    Case {
        name: "lower_camel_case",
        write: <str as ToLowerCamelCase>::to_lower_camel_case,
    },
    Case {
        name: "pascal_case",
        write: <str as ToPascalCase>::to_pascal_case,
    },
    Case {
        name: "shouty_kebab_case",
        write: <str as ToShoutyKebabCase>::to_shouty_kebab_case,
    },
    Case {
        name: "shouty_snake_case",
        write: <str as ToShoutySnakeCase>::to_shouty_snake_case,
    },
    Case {
        name: "snake_case",
        write: <str as ToSnakeCase>::to_snake_case,
    },
    Case {
        name: "title_case",
        write: <str as ToTitleCase>::to_title_case,
    },
    Case {
        name: "upper_camel_case",
        write: <str as ToUpperCamelCase>::to_upper_camel_case,
    },
];

/// A filter that puts a string into another case.
#[derive(Debug, Clone, Copy)]
pub(super) struct Case {
    name: &'static str,
    write: fn(&str) -> String,
}

impl FilterReflection for Case {
    fn name(&self) -> &str {
        self.name
    }

    fn description(&self) -> &str {
        "puts a string into another case"
    }

    fn positional_parameters(&self) -> &'static [ParameterReflection] {
        &[]
    }

    fn keyword_parameters(&self) -> &'static [ParameterReflection] {
        &[]
    }
}

impl ParseFilter for Case {
    fn parse(&self, mut arguments: FilterArguments<'_>) -> Result<Box<dyn Filter>> {
        if arguments.positional.next().is_some() || arguments.keyword.next().is_some() {
            return Err(liquid_core::Error::with_msg(format!(
                "{} takes no arguments",
                self.name
            )));
        }
        Ok(Box::new(*self))
    }

    fn reflection(&self) -> &dyn FilterReflection {
        self
    }
}

impl Filter for Case {
    fn evaluate(&self, input: &dyn ValueView, _runtime: &dyn Runtime) -> Result<Value> {
        let string = input
            .as_scalar()
            .ok_or_else(|| liquid_core::Error::with_msg(format!("{} needs a string", self.name)))?;
        Ok(Value::scalar((self.write)(&string.into_string())))
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
