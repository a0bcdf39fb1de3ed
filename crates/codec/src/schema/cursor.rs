//! A cursor into the JSON of a descriptor: a value and its path, which errors report.

use serde_json::Value;

use super::PlanError;

/// A value in the document and its path.
pub(super) struct Cursor<'a> {
    pub(super) value: &'a Value,
    pub(super) path: String,
}

impl<'a> Cursor<'a> {
    pub(super) fn root(value: &'a Value) -> Self {
        let path = String::new();
        Self { value, path }
    }

    pub(super) fn wrong(&self, problem: impl Into<String>) -> PlanError {
        PlanError::invalid(self.path.as_str(), problem)
    }

    pub(super) fn child(&self, name: &str, value: &'a Value) -> Self {
        let dot = if self.path.is_empty() { "" } else { "." };
        let path = format!("{}{dot}{name}", self.path);
        Self { value, path }
    }

    pub(super) fn optional_member(&self, name: &str) -> Option<Self> {
        Some(self.child(name, self.value.get(name)?))
    }

    pub(super) fn member(&self, name: &str) -> Result<Self, PlanError> {
        self.optional_member(name).ok_or_else(|| self.wrong(format!("member {name:?} is missing")))
    }

    pub(super) fn only_members(&self, known: &[&str]) -> Result<(), PlanError> {
        let members = self.value.as_object().ok_or_else(|| self.wrong("must be an object"))?;
        match members.keys().find(|name| !known.contains(&name.as_str())) {
            Some(unknown) => Err(self.wrong(format!("unknown member {unknown:?}"))),
            None => Ok(()),
        }
    }

    pub(super) fn items(&self, most: usize) -> Result<Vec<Self>, PlanError> {
        let items = self.value.as_array().ok_or_else(|| self.wrong("must be an array"))?;
        if items.len() > most {
            return Err(self.wrong(format!("more than {most} entries")));
        }
        let at = |(index, value)| Self { value, path: format!("{}[{index}]", self.path) };
        Ok(items.iter().enumerate().map(at).collect())
    }

    pub(super) fn text(&self) -> Result<&'a str, PlanError> {
        self.value.as_str().ok_or_else(|| self.wrong("must be a string"))
    }

    pub(super) fn index(&self) -> Result<usize, PlanError> {
        let index = self.value.as_u64().and_then(|index| usize::try_from(index).ok());
        index.ok_or_else(|| self.wrong("must be the index of a type"))
    }

    /// A boolean member; false if it is absent or null.
    pub(super) fn flag(&self, name: &str) -> Result<bool, PlanError> {
        match self.optional_member(name) {
            Some(Cursor { value: Value::Null, .. }) | None => Ok(false),
            Some(at) => at.value.as_bool().ok_or_else(|| at.wrong("must be true or false")),
        }
    }
}
