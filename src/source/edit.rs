//! Edits of a source file: pieces of the original text are spliced, and the result must differ
//! by exactly the syntax that was meant. What can't be edited like that is left to its owner.

mod list;
mod wrap;

use std::ops::Range;

use proc_macro2::Span;
use syn::spanned::Spanned as _;
use syn::{Item, ItemFn, Visibility};

use super::comments::{self, Comment};
use super::file::SourceFile;
use super::sorting;
use super::tree::{is_for_tests, plain_name};

/// Why an edit was not made: how "… can't be edited safely: " ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CannotEdit(pub(crate) String);

/// Edits of one file, to be made together.
#[derive(Debug)]
pub(crate) struct Edit<'f> {
    file: &'f SourceFile,
    syntax: syn::File,
    splices: Vec<(Range<usize>, String)>,
    /// Those next to what is removed.
    comments: Vec<Comment>,
    /// What the result has to mean.
    expected: syn::File,
}

impl<'f> Edit<'f> {
    pub(crate) fn of(file: &'f SourceFile) -> Result<Self, CannotEdit> {
        let bytes = file.text.clone().into_bytes();
        let (_, syntax) = SourceFile::parse(&file.path, bytes)
            .map_err(|reason| CannotEdit(reason.to_string()))?;
        Ok(Self {
            file,
            splices: Vec::new(),
            comments: Vec::new(),
            expected: syntax.clone(),
            syntax,
        })
    }

    /// The items at the top level of the file.
    pub(crate) fn items(&self) -> &[Item] {
        &self.syntax.items
    }

    /// The comments next to what is removed.
    pub(crate) fn comments(&self) -> &[Comment] {
        &self.comments
    }

    /// The text after the edits; the original if there are none.
    pub(crate) fn finish(mut self) -> Result<String, CannotEdit> {
        self.splices.sort_by_key(|(range, _)| range.start);
        let mut text = String::with_capacity(self.file.text.len() + 256);
        let mut done = 0;
        for (range, new) in &self.splices {
            let Some(kept) = self.file.text.get(done..range.start) else {
                return Err(CannotEdit("two edits overlap".to_owned()));
            };
            text.push_str(kept);
            text.push_str(new);
            done = range.end;
        }
        text.push_str(self.file.text.get(done..).unwrap_or_default());
        match SourceFile::parse(&self.file.path, text.clone().into_bytes()) {
            Ok((_, after)) if after == self.expected => Ok(text),
            _ => Err(CannotEdit(
                "the edit would change more than it should".to_owned(),
            )),
        }
    }

    /// Declares a module next to the existing ones, in their order and with their visibility.
    pub(crate) fn declare_module(&mut self, name: &str) -> Result<(), CannotEdit> {
        self.declare_module_if_seen(name, |_| true)
    }

    /// The same; where that visibility isn't enough, the whole app sees it.
    pub(crate) fn declare_module_if_seen(
        &mut self,
        name: &str,
        is_enough: impl Fn(&Visibility) -> bool,
    ) -> Result<(), CannotEdit> {
        let items = self.syntax.items.clone();
        let Some(group) = largest_group(self.file, &items) else {
            let is_private = is_enough(&Visibility::Inherited);
            let visibility = if is_private { "" } else { "pub(crate) " };
            return self.declare_first_module(&format!("{visibility}mod {name};"));
        };
        let names: Vec<String> = items
            .get(group.clone())
            .unwrap_or_default()
            .iter()
            .filter_map(module_name)
            .collect();
        let is_sorted = names.is_sorted_by(|one, next| sorting::compare_modules(one, next).is_le());
        let before = names
            .iter()
            .position(|known| is_sorted && sorting::compare_modules(known, name).is_gt())
            .unwrap_or(names.len());
        let neighbour = items.get(group.start + before.saturating_sub(1));
        let Some(Item::Mod(neighbour)) = neighbour else {
            return Err(CannotEdit("its `mod` items can't be told apart".to_owned()));
        };
        let visibility = if is_enough(&neighbour.vis) {
            self.text(neighbour.vis.span(), "pub")
        } else {
            "pub(crate)".to_owned()
        };
        let line = match visibility.as_str() {
            "" => format!("mod {name};"),
            visibility => format!("{visibility} mod {name};"),
        };
        let range = self.range_of(neighbour);
        let indent = self.indent_at(range.start);
        if before == 0 {
            let end = self.file.line_end();
            self.splice(range.start..range.start, format!("{line}{end}{indent}"));
        } else {
            self.splice_after(range.end, &format!("{indent}{line}"));
        }
        self.expect_item(group.start + before, &line)
    }

    fn declare_first_module(&mut self, line: &str) -> Result<(), CannotEdit> {
        let items = self.syntax.items.clone();
        let end = self.file.line_end();
        let last_use = items.iter().rposition(|item| matches!(item, Item::Use(_)));
        match (last_use, items.first()) {
            (Some(index), _) => {
                let at = items.get(index).map_or(0, |item| self.range_of(item).end);
                self.splice_after(at, &format!("{end}{line}"));
                self.expect_item(index + 1, line)
            }
            (None, Some(first)) => {
                let at = self.range_of(first).start;
                self.splice(at..at, format!("{line}{end}{end}"));
                self.expect_item(0, line)
            }
            (None, None) => {
                let at = self.file.text.len();
                let starts = if self.file.text.is_empty() || self.file.text.ends_with('\n') {
                    ""
                } else {
                    end
                };
                self.splice(at..at, format!("{starts}{line}{end}"));
                self.expect_item(0, line)
            }
        }
    }

    /// Adds items after another one, or else at the end, but before tests.
    pub(crate) fn add_items(&mut self, after: Option<Span>, text: &str) -> Result<(), CannotEdit> {
        let wrong = |_| CannotEdit("the new items can't be parsed".to_owned());
        let new = syn::parse_file(text).map_err(wrong)?.items;
        let items = self.syntax.items.clone();
        let index = match after {
            Some(span) => items
                .iter()
                .position(|item| self.file.range(item.span()) == self.file.range(span))
                .ok_or_else(|| CannotEdit("what it belongs next to isn't there".to_owned()))?,
            None => {
                let tests = items.iter().position(is_test_module);
                let end = tests.unwrap_or(items.len());
                end.checked_sub(1).ok_or_else(|| {
                    CannotEdit("there is nothing in it that it could follow".to_owned())
                })?
            }
        };
        let at = match items.get(index) {
            Some(item) => self.range_of(item).end,
            None => return Err(CannotEdit("it is empty".to_owned())),
        };
        let end = self.file.line_end();
        let step = self.step();
        let text: Vec<String> = text.lines().map(|row| indented(row, &step)).collect();
        self.splice_after(at, &format!("{end}{}", text.join(end)));
        let rest = self.expected.items.split_off(index + 1);
        self.expected.items.extend(new);
        self.expected.items.extend(rest);
        Ok(())
    }

    /// Adds statements at the end of a function that takes more.
    pub(crate) fn register(
        &mut self,
        function: &ItemFn,
        statements: &[String],
    ) -> Result<(), CannotEdit> {
        let close = self
            .file
            .range(function.block.brace_token.span.close())
            .start;
        let line = self.line_start(close);
        let closing_indent = self.indent_at(self.range_of(function).start);
        let indent = self.statement_indent(function, &closing_indent);
        let end = self.file.line_end();
        let step = indent.strip_prefix(&closing_indent).unwrap_or(STEP);
        let mut text = String::new();
        for statement in statements {
            for row in statement.lines().map(|row| indented(row, step)) {
                text.push_str(&format!("{indent}{row}{end}"));
            }
            self.expect_statement(function, statement)?;
        }
        let before = self.file.text.get(line..close).unwrap_or_default();
        if before.trim().is_empty() {
            self.splice(line..line, text);
        } else {
            let code = before.trim_end().len();
            self.splice(line + code..close, format!("{end}{text}{closing_indent}"));
        }
        Ok(())
    }

    /// Removes whole statements of a function.
    pub(crate) fn unregister(
        &mut self,
        function: &ItemFn,
        statements: &[Span],
    ) -> Result<(), CannotEdit> {
        let ranges: Vec<_> = statements
            .iter()
            .map(|span| self.file.range(*span))
            .collect();
        let body = self.range_of(&function.block);
        let is_emptied = ranges.len() == function.block.stmts.len()
            && !comments::all(self.file)
                .iter()
                .any(|it| body.contains(&it.start));
        if is_emptied {
            // As rustfmt writes it.
            self.splice(body, "{}".to_owned());
        } else {
            for range in &ranges {
                // A comment that stayed would seem to be about what comes next.
                self.cut(range.clone(), self.is_followed(range, &ranges), Gap::Shared);
            }
        }
        let file = self.file;
        let expected = self.expected_function(function)?;
        expected
            .block
            .stmts
            .retain(|statement| !ranges.contains(&file.range(statement.span())));
        Ok(())
    }

    /// Removes items at the top level of the file.
    pub(crate) fn remove_items(&mut self, is_unwanted: impl Fn(&Item) -> bool) {
        self.remove(is_unwanted, Gap::Shared);
    }

    /// Removes items that were added after another one, with the empty line between.
    pub(crate) fn remove_added_items(&mut self, is_unwanted: impl Fn(&Item) -> bool) {
        self.remove(is_unwanted, Gap::Own);
    }

    fn remove(&mut self, is_unwanted: impl Fn(&Item) -> bool, gap: Gap) {
        let mut ranges: Vec<Range<usize>> = Vec::new();
        for item in self.syntax.items.iter().filter(|item| is_unwanted(item)) {
            let range = self.file.range(item.span());
            // Those that follow each other are removed in one piece.
            match ranges.last_mut() {
                Some(last) if self.is_blank(last.end..range.start) => last.end = range.end,
                _ => ranges.push(range),
            }
        }
        for range in ranges {
            // Above modules there are headings too.
            self.cut(range, false, gap);
        }
        self.expected.items.retain(|item| !is_unwanted(item));
    }

    /// Whether code comes directly after a piece that is removed with others.
    fn is_followed(&self, range: &Range<usize>, gone: &[Range<usize>]) -> bool {
        let text = &self.file.text;
        let mut end = range.end;
        loop {
            let rest = text.get(end..).unwrap_or_default();
            let Some((_, below)) = rest.split_once('\n') else {
                return false;
            };
            let start = text.len() - below.trim_start_matches([' ', '\t']).len();
            match gone.iter().find(|gone| gone.start == start) {
                Some(gone) => end = gone.end,
                None => {
                    let row = below.lines().next().unwrap_or_default().trim();
                    return !row.is_empty() && !row.starts_with('}');
                }
            }
        }
    }

    /// Removes a piece of code. If it has its lines for itself, they go too, with a comment at
    /// their end, one of two empty lines that would meet, and if asked for the comments above.
    fn cut(&mut self, range: Range<usize>, with_comments_above: bool, gap: Gap) {
        let file = self.file;
        let text = &file.text;
        let inside = comments::all(file).into_iter();
        let inside = inside.filter(|it| range.start <= it.start && it.end <= range.end);
        self.comments
            .extend(inside.map(|it| Comment::new(text, &it, true)));
        let mut start = self.line_start(range.start);
        let is_alone_before = text
            .get(start..range.start)
            .is_some_and(|it| it.trim().is_empty());
        let trailing = comments::trailing(text, range.end).filter(|_| is_alone_before);
        let code_end = trailing.as_ref().map_or(range.end, |comment| comment.end);
        let rest = text.get(code_end..).unwrap_or_default();
        let line_end = rest.find('\n').map_or(rest.len(), |at| at + 1);
        let is_alone_after = rest.get(..line_end).is_some_and(|it| it.trim().is_empty());
        if !(is_alone_before && is_alone_after) {
            self.splice(range, String::new());
            return;
        }
        if let Some(above) = comments::above(text, start) {
            let comment = Comment::new(text, &above, with_comments_above);
            self.comments.push(comment);
            if with_comments_above {
                start = above.start;
            }
        }
        if let Some(trailing) = trailing {
            self.comments.push(Comment::new(text, &trailing, true));
        }
        let mut end = code_end + line_end;
        let above = text.get(..start).unwrap_or_default();
        let is_gap_above = above.is_empty()
            || above.trim_end_matches([' ', '\t']).ends_with("\n\n")
            || above.ends_with("\r\n\r\n");
        let below = text.get(end..).unwrap_or_default();
        if is_gap_above {
            for line_end in ["\r\n", "\n"] {
                if below.starts_with(line_end) {
                    end += line_end.len();
                    break;
                }
                // At the end of the file it is the empty line above that is left over.
                if (below.is_empty() || gap == Gap::Own) && above.ends_with(line_end) {
                    start -= line_end.len();
                    break;
                }
            }
        }
        self.splice(start..end, String::new());
    }

    /// Whether there is nothing but white space in a range.
    fn is_blank(&self, range: Range<usize>) -> bool {
        let text = self.file.text.get(range).unwrap_or_default();
        text.trim().is_empty()
    }

    fn splice(&mut self, range: Range<usize>, text: String) {
        self.splices.push((range, text));
    }

    /// Puts a line after the one in which something ends.
    fn splice_after(&mut self, at: usize, line: &str) {
        let end = self.file.line_end();
        let rest = self.file.text.get(at..).unwrap_or_default();
        let (row, is_last) = match rest.find('\n') {
            Some(length) => (rest.get(..length).unwrap_or_default(), false),
            None => (rest, true),
        };
        let is_free = row.trim().is_empty() || row.trim_start().starts_with("//");
        if is_free && !is_last {
            let at = at + row.len() + 1;
            self.splice(at..at, format!("{line}{end}"));
        } else if is_free {
            let at = at + row.len();
            self.splice(at..at, format!("{end}{line}"));
        } else {
            self.splice(at..at, format!("{end}{line}"));
        }
    }

    fn expect_item(&mut self, index: usize, text: &str) -> Result<(), CannotEdit> {
        let item =
            syn::parse_str(text).map_err(|_| CannotEdit(format!("`{text}` can't be parsed")))?;
        let index = index.min(self.expected.items.len());
        self.expected.items.insert(index, item);
        Ok(())
    }

    fn expect_statement(&mut self, function: &ItemFn, text: &str) -> Result<(), CannotEdit> {
        use syn::parse::Parser as _;
        let parsed = syn::Block::parse_within
            .parse_str(text)
            .map_err(|_| CannotEdit(format!("`{text}` can't be parsed")))?;
        self.expected_function(function)?.block.stmts.extend(parsed);
        Ok(())
    }

    /// The same function in what the result has to be.
    fn expected_function(&mut self, function: &ItemFn) -> Result<&mut ItemFn, CannotEdit> {
        let range = self.file.range(function.sig.ident.span());
        find(&mut self.expected.items, self.file, &range)
            .ok_or_else(|| CannotEdit(format!("`{}` can't be found", function.sig.ident)))
    }

    fn range_of(&self, code: &impl quote::ToTokens) -> Range<usize> {
        self.file.range(code.span())
    }

    /// The text of a piece of syntax; empty for one that isn't written out.
    fn text(&self, span: Span, begins: &str) -> String {
        let text = self
            .file
            .text
            .get(self.file.range(span))
            .unwrap_or_default();
        if text.starts_with(begins) {
            text.to_owned()
        } else {
            String::new()
        }
    }

    fn line_start(&self, at: usize) -> usize {
        let before = self.file.text.get(..at).unwrap_or_default();
        before.rfind('\n').map_or(0, |end| end + 1)
    }

    /// The white space that the line of a place begins with.
    fn indent_at(&self, at: usize) -> String {
        let line = self
            .file
            .text
            .get(self.line_start(at)..)
            .unwrap_or_default();
        line.chars()
            .take_while(|character| matches!(character, ' ' | '\t'))
            .collect()
    }

    fn statement_indent(&self, function: &ItemFn, outer: &str) -> String {
        let last = function
            .block
            .stmts
            .last()
            .map(|last| self.range_of(last).start);
        if let Some(start) = last {
            let before = self.file.text.get(self.line_start(start)..start);
            if before.is_some_and(|before| before.trim().is_empty()) {
                return self.indent_at(start);
            }
        }
        format!("{outer}{}", self.step())
    }

    /// How far the file indents the contents of its items.
    fn step(&self) -> String {
        let inner = self.syntax.items.iter().filter_map(|item| match item {
            Item::Fn(item) => Some(self.range_of(item.block.stmts.first()?)),
            Item::Impl(item) => Some(self.range_of(item.items.first()?)),
            Item::Struct(item) => Some(self.range_of(item.fields.iter().next()?)),
            _ => None,
        });
        inner
            .map(|range| self.indent_at(range.start))
            .find(|indent| !indent.is_empty())
            .unwrap_or_else(|| {
                let has_tabs = self.file.text.contains("\n\t");
                if has_tabs { "\t" } else { STEP }.to_owned()
            })
    }
}

/// To what an empty line above a piece of code belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gap {
    /// To what is above too.
    Shared,
    /// To the piece alone.
    Own,
}

/// How what is added is indented at first.
const STEP: &str = "    ";

/// A line of what is added, indented as a file does it.
fn indented(row: &str, step: &str) -> String {
    let mut code = row;
    let mut steps = 0;
    while let Some(rest) = code.strip_prefix(STEP) {
        code = rest;
        steps += 1;
    }
    format!("{}{code}", step.repeat(steps))
}

fn find<'i>(
    items: &'i mut [Item],
    file: &SourceFile,
    range: &Range<usize>,
) -> Option<&'i mut ItemFn> {
    items.iter_mut().find_map(|item| match item {
        Item::Fn(function) if file.range(function.sig.ident.span()) == *range => Some(function),
        Item::Mod(module) => {
            let (_, items) = module.content.as_mut()?;
            find(items, file, range)
        }
        _ => None,
    })
}

fn is_test_module(item: &Item) -> bool {
    matches!(item, Item::Mod(module) if is_for_tests(&module.attrs))
}

fn module_name(item: &Item) -> Option<String> {
    match item {
        Item::Mod(module) if module.content.is_none() => Some(plain_name(&module.ident)),
        _ => None,
    }
}

/// The longest run of `mod` items with no empty line in between.
fn largest_group(file: &SourceFile, items: &[Item]) -> Option<Range<usize>> {
    let mut groups: Vec<Range<usize>> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        if module_name(item).is_none() {
            continue;
        }
        let start = file.range(item.span()).start;
        let is_next = index
            .checked_sub(1)
            .and_then(|last| items.get(last))
            .is_some_and(|last| {
                let gap = file.text.get(file.range(last.span()).end..start);
                gap.is_some_and(|gap| gap.matches('\n').count() < 2)
            });
        match groups.last_mut() {
            Some(group) if group.end == index && is_next => group.end += 1,
            _ => groups.push(index..index + 1),
        }
    }
    // The first of equally long ones.
    groups.into_iter().rev().max_by_key(Range::len)
}
