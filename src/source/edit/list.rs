//! Edits of what is listed: an element at the end of an array, and a call at the end of a chain.

use std::ops::Range;

use syn::spanned::Spanned as _;
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, ExprArray, ExprMethodCall, ItemFn, Stmt};

use super::{CannotEdit, Edit, indented};
use crate::source::comments;
use crate::source::file::SourceFile;

impl Edit<'_> {
    /// Adds an element at the end of an array.
    pub(crate) fn push_element(
        &mut self,
        array: &ExprArray,
        element: &str,
    ) -> Result<(), CannotEdit> {
        let new: Expr = parsed(element)?;
        let close = self.file.range(array.bracket_token.span.close()).start;
        let line = self.line_start(close);
        let has_lines = self.is_blank(line..close);
        let is_ended = array.elems.is_empty() || array.elems.trailing_punct();
        if has_lines {
            let outer = self.indent_at(close);
            let (step, end) = (self.step(), self.file.line_end());
            let rows: Vec<String> = element
                .lines()
                .map(|row| format!("{outer}{step}{}", indented(row, &step)))
                .collect();
            if let Some(last) = array.elems.last().filter(|_| !is_ended) {
                let at = self.range_of(last).end;
                self.splice(at..at, ",".to_owned());
            }
            self.splice(line..line, format!("{},{end}", rows.join(end)));
        } else {
            let comma = if array.elems.is_empty() { "" } else { ", " };
            let at = self.file.range(array.bracket_token.span.open()).end;
            let at = array
                .elems
                .last()
                .map_or(at, |last| self.range_of(last).end);
            self.splice(at..at, format!("{comma}{element}"));
        }
        let ends_with_comma = has_lines || array.elems.trailing_punct();
        self.expect_array(array, |elements| {
            elements.push(new);
            if ends_with_comma {
                elements.push_punct(Default::default());
            }
        })
    }

    /// Removes an element of an array, with its line if it has that for itself.
    pub(crate) fn remove_element(
        &mut self,
        array: &ExprArray,
        index: usize,
    ) -> Result<(), CannotEdit> {
        let not_there = || CannotEdit("an element can't be found".to_owned());
        let text = &self.file.text;
        let unwanted = array.elems.iter().nth(index).ok_or_else(not_there)?;
        let range = self.range_of(unwanted);
        let rest = text.get(range.end..).unwrap_or_default();
        let has_comma = rest.trim_start().starts_with(',');
        let end = match rest.find(',') {
            Some(comma) if has_comma => range.end + comma + 1,
            _ => range.end,
        };
        let start = self.line_start(range.start);
        let rest = text.get(end..).unwrap_or_default();
        let row = rest.split_inclusive('\n').next().unwrap_or_default();
        if ["//", "/*"]
            .iter()
            .any(|mark| row.trim_start().starts_with(mark))
        {
            return Err(CannotEdit(
                "there is a comment beside an element".to_owned(),
            ));
        }
        let is_alone = self.is_blank(start..range.start) && row.trim().is_empty();
        let gone = if is_alone {
            start..end + row.len()
        } else {
            let neighbour = |index: usize| array.elems.iter().nth(index);
            match (
                index.checked_sub(1).and_then(neighbour),
                neighbour(index + 1),
            ) {
                (Some(before), _) => self.range_of(before).end..range.end,
                (None, Some(after)) => range.start..self.range_of(after).start,
                (None, None) => range.start..end,
            }
        };
        self.has_no_comments(&gone)?;
        self.splice(gone, String::new());
        let is_last = index + 1 == array.elems.len();
        let leaves_comma = is_alone || !is_last || array.elems.trailing_punct();
        self.expect_array(array, |elements| {
            let kept = elements.pairs().enumerate();
            let kept = kept.filter(|(place, _)| *place != index);
            let mut kept: Elements = kept.map(|(_, pair)| pair.cloned()).collect();
            if !leaves_comma {
                kept.pop_punct();
            }
            *elements = kept;
        })
    }

    /// Adds a call at the end of the chain that a function returns.
    pub(crate) fn call_last(&mut self, function: &ItemFn, call: &str) -> Result<(), CannotEdit> {
        let Some(Expr::MethodCall(last)) = returned(function) else {
            return Err(CannotEdit("it returns no chain of calls".to_owned()));
        };
        let range = self.range_of(last);
        let dot = self.file.range(last.dot_token.span()).start;
        let is_alone = self.is_blank(self.line_start(dot)..dot);
        let (step, end) = (self.step(), self.file.line_end());
        let indent = if is_alone {
            self.indent_at(dot)
        } else {
            format!("{}{step}", self.indent_at(range.start))
        };
        let rows = call.lines().map(|row| indented(row, &step));
        let rows: String = rows.map(|row| format!("{end}{indent}{row}")).collect();
        let written = self.file.text.get(range.clone()).unwrap_or_default();
        let new: Expr = parsed(&format!("{written}{call}"))?;
        self.splice(range.end..range.end, rows);
        self.expect_returned(function, |chain| *chain = new)
    }

    /// Takes a call out of the chain that a function returns. Returns whether there is one.
    pub(crate) fn uncall(
        &mut self,
        function: &ItemFn,
        is_unwanted: impl Fn(&ExprMethodCall) -> bool,
    ) -> Result<bool, CannotEdit> {
        let mut link = returned(function);
        let unwanted = loop {
            match link {
                Some(Expr::MethodCall(call)) if is_unwanted(call) => break call,
                Some(Expr::MethodCall(call)) => link = Some(&call.receiver),
                _ => return Ok(false),
            }
        };
        let whole = self.range_of(unwanted);
        let gone = self.range_of(&unwanted.receiver).end..whole.end;
        self.has_no_comments(&gone)?;
        self.splice(gone, String::new());
        let file = self.file;
        self.expect_returned(function, |chain| shorten(chain, file, &whole))?;
        Ok(true)
    }

    /// Fails if what is to be removed has comments: they are its owner's.
    fn has_no_comments(&self, range: &Range<usize>) -> Result<(), CannotEdit> {
        let mut comments = comments::all(self.file).into_iter();
        if comments.any(|comment| range.contains(&comment.start)) {
            return Err(CannotEdit("there is a comment at what would go".to_owned()));
        }
        Ok(())
    }

    fn expect_array(
        &mut self,
        array: &ExprArray,
        change: impl FnOnce(&mut Elements),
    ) -> Result<(), CannotEdit> {
        let mut changing = Changing {
            file: self.file,
            array: self.range_of(array),
            change: Some(change),
        };
        changing.visit_file_mut(&mut self.expected);
        match changing.change {
            None => Ok(()),
            Some(_) => Err(CannotEdit("an array can't be found again".to_owned())),
        }
    }

    fn expect_returned(
        &mut self,
        function: &ItemFn,
        change: impl FnOnce(&mut Expr),
    ) -> Result<(), CannotEdit> {
        match self.expected_function(function)?.block.stmts.last_mut() {
            Some(Stmt::Expr(returned, None)) => {
                change(returned);
                Ok(())
            }
            _ => Err(CannotEdit("a chain can't be found again".to_owned())),
        }
    }
}

fn parsed(text: &str) -> Result<Expr, CannotEdit> {
    syn::parse_str(text).map_err(|_| CannotEdit(format!("`{text}` can't be parsed")))
}

/// What a function returns, if its last line says so.
fn returned(function: &ItemFn) -> Option<&Expr> {
    match function.block.stmts.last() {
        Some(Stmt::Expr(returned, None)) => Some(returned),
        _ => None,
    }
}

/// Leaves one call out of a chain.
fn shorten(chain: &mut Expr, file: &SourceFile, unwanted: &Range<usize>) {
    if let Expr::MethodCall(call) = chain {
        if file.range(call.span()) == *unwanted {
            *chain = (*call.receiver).clone();
        } else {
            shorten(&mut call.receiver, file, unwanted);
        }
    }
}

type Elements = syn::punctuated::Punctuated<Expr, syn::Token![,]>;

struct Changing<'e, F> {
    file: &'e SourceFile,
    array: Range<usize>,
    change: Option<F>,
}

impl<F: FnOnce(&mut Elements)> VisitMut for Changing<'_, F> {
    fn visit_expr_array_mut(&mut self, array: &mut ExprArray) {
        if self.file.range(array.span()) == self.array
            && let Some(change) = self.change.take()
        {
            change(&mut array.elems);
        } else {
            visit_mut::visit_expr_array_mut(self, array);
        }
    }
}
