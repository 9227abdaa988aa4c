//! Pages of a query's answer: order, position tokens, projection.

use std::cmp::Ordering;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{filter, order, path};
use crate::{BackendError, Document, Json, Page, Query};

/// A place in a query's order: behind the document with these values and this id.
///
/// The token in [`Page::next`] is its text.
#[derive(Debug, Clone, PartialEq)]
pub struct Position {
    /// The values of the sort's paths, null where missing; an object or array is empty, as all of them are equal in order.
    pub values: Vec<Json>,
    /// The document's id.
    pub id: String,
}

impl Position {
    /// Where a document is in a query's order.
    pub fn of(query: &Query, document: &Document) -> Self {
        let values = query
            .sort
            .iter()
            .map(|sort| classify(&filter::value_at(document, &sort.path)))
            .collect();
        Self { values, id: document.id.clone() }
    }

    /// Reads a token that [`Position::token`] wrote for a query with the same sort.
    pub fn parse(query: &Query, token: &str) -> Result<Self, BackendError> {
        let bad = || BackendError::Invalid("the page token is not one of this query's".to_owned());
        let text = URL_SAFE_NO_PAD.decode(token).map_err(|_| bad())?;
        let Ok(Json::Array(mut parts)) = Json::parse(&text) else { return Err(bad()) };
        let (Some(Json::String(id)), Some(Json::String(sort))) = (parts.pop(), parts.pop()) else {
            return Err(bad());
        };
        if sort != format_sort(query) || parts.len() != query.sort.len() {
            return Err(bad());
        }
        Ok(Self { values: parts, id })
    }

    /// The text of this position, opaque to callers.
    pub fn token(&self, query: &Query) -> Result<String, BackendError> {
        let mut parts = self.values.clone();
        parts.push(Json::String(format_sort(query)));
        parts.push(Json::String(self.id.clone()));
        let text = Json::Array(parts)
            .to_text()
            .map_err(|error| BackendError::Invalid(error.to_string()))?;
        Ok(URL_SAFE_NO_PAD.encode(text))
    }

    /// The order of two positions of one query.
    pub fn compare(&self, query: &Query, other: &Self) -> Ordering {
        let pairs = query.sort.iter().zip(self.values.iter().zip(&other.values));
        pairs
            .map(|(sort, (a, b))| {
                let ordering = order::compare(a, b);
                if sort.descending { ordering.reverse() } else { ordering }
            })
            .find(|ordering| ordering.is_ne())
            .unwrap_or_else(|| self.id.cmp(&other.id))
    }
}

fn format_sort(query: &Query) -> String {
    let criteria = query
        .sort
        .iter()
        .map(|sort| format!("{}{}", if sort.descending { '-' } else { '+' }, sort.path));
    criteria.collect::<Vec<_>>().join(" ")
}

fn classify(value: &Json) -> Json {
    match value {
        Json::Object(_) => Json::object::<String, Json>([]),
        Json::Array(_) => Json::Array(Vec::new()),
        scalar => scalar.clone(),
    }
}

/// Collects one page of a query while documents are offered in any order, keeping no more than it needs.
#[derive(Debug)]
pub struct Pager<'q> {
    query: &'q Query,
    after: Option<Position>,
    limit: usize,
    /// Sorted before each cut; never longer than twice the limit plus two.
    kept: Vec<(Position, Document)>,
}

impl<'q> Pager<'q> {
    /// For a valid query; an error for a token that is not one of its own.
    pub fn new(query: &'q Query) -> Result<Self, BackendError> {
        let after =
            query.after.as_deref().map(|token| Position::parse(query, token)).transpose()?;
        let limit = if query.limit == 0 { Query::DEFAULT_LIMIT } else { query.limit };
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Ok(Self { query, after, limit, kept: Vec::new() })
    }

    /// The id behind which documents must lie, when the query is ordered by id alone, so that a scan can start there.
    pub fn start(&self) -> Option<&str> {
        self.after.as_ref().filter(|_| self.query.sort.is_empty()).map(|after| after.id.as_str())
    }

    /// Offers a document; says whether a later one *by id* can still be in the page.
    pub fn offer(&mut self, document: Document) -> bool {
        if !filter::matches(&self.query.filter, &document) {
            return true;
        }
        let position = Position::of(self.query, &document);
        if let Some(after) = &self.after
            && position.compare(self.query, after).is_le()
        {
            return true;
        }
        self.kept.push((position, document));
        if self.query.sort.is_empty() {
            // One more than the page, to know whether there is a next one.
            return self.kept.len() <= self.limit;
        }
        if self.kept.len() > 2 * self.limit + 1 {
            self.cut();
        }
        true
    }

    fn cut(&mut self) {
        let query = self.query;
        self.kept.sort_by(|(a, _), (b, _)| a.compare(query, b));
        self.kept.truncate(self.limit + 1);
    }

    /// The page.
    pub fn finish(mut self) -> Result<Page, BackendError> {
        self.cut();
        let more = self.kept.len() > self.limit;
        self.kept.truncate(self.limit);
        let next = match self.kept.last() {
            Some((position, _)) if more => Some(position.token(self.query)?),
            _ => None,
        };
        let fields = &self.query.fields;
        let answer = |(_, document): (Position, Document)| {
            let body = if fields.is_empty() {
                document.body
            } else {
                path::project(&document.body, fields)
            };
            Document { id: document.id, body }
        };
        Ok(Page { documents: self.kept.into_iter().map(answer).collect(), next })
    }
}
