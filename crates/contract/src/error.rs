//! Errors in service documents.

/// Why a service document has no contract.
#[derive(Debug, thiserror::Error)]
pub enum ContractError {
    /// The text is not JSON, or does not have the members of a service document.
    #[error("not a service document: {0}")]
    Form(#[from] serde_json::Error),
    /// A member has an invalid value.
    #[error("{path}: {problem}")]
    Invalid {
        /// Path of the member in the document.
        path: String,
        /// What is wrong there.
        problem: String,
    },
    /// The document is valid but has no contract id. The text is the reason.
    #[error("{0}")]
    NoId(String),
}

impl ContractError {
    pub(crate) fn invalid(path: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Invalid { path: path.into(), problem: problem.into() }
    }

    /// Path in the document; empty for the whole document.
    pub fn path(&self) -> &str {
        match self {
            Self::Invalid { path, .. } => path,
            _ => "",
        }
    }
}
