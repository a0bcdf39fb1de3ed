//! What can be wrong with a service document.

/// Why a service document gives no contract.
#[derive(Debug, thiserror::Error)]
pub enum ContractError {
    /// Not JSON, or not of the document's shape.
    #[error("no service document: {0}")]
    Form(#[from] serde_json::Error),
    /// A member has a value that cannot be.
    #[error("{path}: {problem}")]
    Invalid {
        /// Where in the document.
        path: String,
        /// What is wrong there.
        problem: String,
    },
    /// The document is fine and has no contract id; the text says why.
    #[error("{0}")]
    NoId(String),
}

impl ContractError {
    pub(crate) fn invalid(path: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Invalid { path: path.into(), problem: problem.into() }
    }

    /// Where in the document; empty for the document as a whole.
    pub fn path(&self) -> &str {
        match self {
            Self::Invalid { path, .. } => path,
            _ => "",
        }
    }
}
