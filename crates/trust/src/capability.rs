//! Capabilities: what roles a service or method demands, and whether a caller holds them.
//!
//! A requirement with an empty list, or one that cannot be read, refuses everybody.

use serde_json::Value;

use crate::attributes::{Attributes, ROLE, Roles, is_space};

/// Most roles in a requirement.
pub const MAX_ROLES: usize = 64;
/// Most bytes of a role's name.
pub const MAX_ROLE_BYTES: usize = 256;
/// Largest text of a requirement.
pub const MAX_TEXT_BYTES: usize = 32_768;

/// Why something is no requirement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CapabilityError {
    /// Not a role's name and not an object with `kind` and `roles`.
    #[error("a requirement is a role's name, or an object with kind and roles")]
    Form,
    /// A kind that does not exist.
    #[error("the kind of a requirement is role, anyOf or allOf")]
    Kind,
    /// No role: it is not clear whether everybody or nobody would meet it.
    #[error("a requirement names at least one role")]
    Empty,
    /// More than one role where there has to be one.
    #[error("a requirement of kind role names one role; use anyOf or allOf")]
    NotOne,
    /// More than [`MAX_ROLES`].
    #[error("a requirement names at most {MAX_ROLES} roles")]
    TooMany,
    /// A name that no credential can contain.
    #[error("a role's name has 1 to {MAX_ROLE_BYTES} bytes, no comma and no white space around it")]
    Role,
    /// More bytes than [`MAX_TEXT_BYTES`].
    #[error("a requirement has at most {MAX_TEXT_BYTES} bytes")]
    TooLarge,
}

/// What a caller has to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement(Kind);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    AnyOf(Vec<String>),
    AllOf(Vec<String>),
    Nobody,
}

impl Requirement {
    /// One role.
    pub fn role(name: &str) -> Result<Self, CapabilityError> {
        Self::all_of([name])
    }

    /// At least one of several roles.
    pub fn any_of<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, CapabilityError> {
        Ok(Self(Kind::AnyOf(roles(names)?)))
    }

    /// All of several roles.
    pub fn all_of<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, CapabilityError> {
        Ok(Self(Kind::AllOf(roles(names)?)))
    }

    /// What nobody holds: stands for a requirement that cannot be read.
    pub const fn nobody() -> Self {
        Self(Kind::Nobody)
    }

    /// Reads a requirement from JSON text: a role's name as a string, or `{"kind": .., "roles": [..]}`. Kinds are spelled as
    /// in declarations (`anyOf`), as in contracts (`any_of`) or as in their canonical form (0, 1, 2).
    pub fn from_json(text: &str) -> Result<Self, CapabilityError> {
        if text.len() > MAX_TEXT_BYTES {
            return Err(CapabilityError::TooLarge);
        }
        let value: Value = serde_json::from_str(text).map_err(|_| CapabilityError::Form)?;
        let members = match &value {
            Value::String(role) => return Self::role(role),
            Value::Object(members) => members,
            _ => return Err(CapabilityError::Form),
        };
        let names = members.get("roles").and_then(Value::as_array).ok_or(CapabilityError::Form)?;
        if names.len() > MAX_ROLES {
            return Err(CapabilityError::TooMany);
        }
        let names: Option<Vec<&str>> = names.iter().map(Value::as_str).collect();
        let names = names.ok_or(CapabilityError::Form)?;
        let kind = members.get("kind").ok_or(CapabilityError::Form)?;
        match (kind.as_str(), kind.as_u64()) {
            (Some("role"), _) | (_, Some(0)) if names.len() > 1 => Err(CapabilityError::NotOne),
            (Some("role" | "allOf" | "all_of"), _) | (_, Some(0 | 2)) => Self::all_of(names),
            (Some("anyOf" | "any_of"), _) | (_, Some(1)) => Self::any_of(names),
            _ => Err(CapabilityError::Kind),
        }
    }

    /// Reads a requirement as [`Requirement::from_json`] does; one that cannot be read is one that nobody meets.
    pub fn from_json_or_nobody(text: &str) -> Self {
        Self::from_json(text).unwrap_or(Self::nobody())
    }

    /// The roles that it names; none when nobody can meet it.
    pub fn roles(&self) -> &[String] {
        match &self.0 {
            Kind::AnyOf(names) | Kind::AllOf(names) => names,
            Kind::Nobody => &[],
        }
    }

    /// True when a caller with these roles meets it.
    pub fn is_met_by(&self, held: &Roles) -> bool {
        match &self.0 {
            Kind::AnyOf(names) => names.iter().any(|name| held.holds(name)),
            Kind::AllOf(names) => !names.is_empty() && names.iter().all(|name| held.holds(name)),
            Kind::Nobody => false,
        }
    }
}

/// True when a caller meets what the service and what the method demands; where nothing is demanded, everybody does.
pub fn may_call(service: Option<&Requirement>, method: Option<&Requirement>, held: &Roles) -> bool {
    [service, method].into_iter().flatten().all(|requirement| requirement.is_met_by(held))
}

/// Attributes that give these roles to their holder: with the attribute [`ROLE`], unless there are no roles. Attributes that
/// have it already are refused, because it would not be clear which roles count.
pub fn granting<'a>(
    attributes: &Attributes,
    names: impl IntoIterator<Item = &'a str>,
) -> Result<Attributes, GrantingError> {
    match roles(names) {
        Err(CapabilityError::Empty) => Ok(attributes.clone()),
        Err(error) => Err(error.into()),
        Ok(_) if attributes.get(ROLE).is_some() => Err(GrantingError::Twice),
        Ok(names) => Ok(attributes.with(ROLE, &names.join(","))),
    }
}

/// Why attributes cannot give roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GrantingError {
    /// A name that is no role, or too many of them.
    #[error(transparent)]
    Role(#[from] CapabilityError),
    /// The attributes give roles themselves.
    #[error("there are roles and an attribute aster.role; give one of the two")]
    Twice,
}

fn roles<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Vec<String>, CapabilityError> {
    let mut roles = Vec::new();
    for name in names {
        let trimmed = name.trim_matches(is_space);
        if name.is_empty() || name.len() > MAX_ROLE_BYTES || name.contains(',') || trimmed != name {
            return Err(CapabilityError::Role);
        }
        if roles.len() == MAX_ROLES {
            return Err(CapabilityError::TooMany);
        }
        roles.push(name.to_owned());
    }
    if roles.is_empty() { Err(CapabilityError::Empty) } else { Ok(roles) }
}

/// The text of what is demanded, for the details of a refusal: `a`, `anyOf(a, b)`, `allOf(a, b)`, `nobody`.
impl std::fmt::Display for Requirement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Kind::AllOf(names) if names.len() == 1 => f.write_str(&names[0]),
            Kind::AllOf(names) => write!(f, "allOf({})", names.join(", ")),
            Kind::AnyOf(names) => write!(f, "anyOf({})", names.join(", ")),
            Kind::Nobody => f.write_str("nobody"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Requirement, CapabilityError> {
        Requirement::from_json(text)
    }

    fn meets(text: &str, held: &str) -> bool {
        read(text).unwrap().is_met_by(&Roles::of(held))
    }

    #[test]
    fn requirements_are_met_by_their_roles() {
        for role in [r#""a""#, r#"{"kind":"role","roles":["a"]}"#, r#"{"kind":0,"roles":["a"]}"#] {
            assert!(
                meets(role, "a") && meets(role, "b,a") && !meets(role, "b") && !meets(role, ""),
                "{role}"
            );
        }
        for any in ["\"anyOf\"", "\"any_of\"", "1"] {
            let any = format!(r#"{{"kind":{any},"roles":["a","b"]}}"#);
            assert!(meets(&any, "a") && meets(&any, "c,b") && !meets(&any, "c") && !meets(&any, ""));
        }
        for all in ["\"allOf\"", "\"all_of\"", "2"] {
            let all = format!(r#"{{"roles":["a","b"],"kind":{all}}}"#);
            assert!(meets(&all, "b,a,c") && !meets(&all, "a") && !meets(&all, "b") && !meets(&all, ""));
        }
    }

    #[test]
    fn what_demands_nothing_or_cannot_be_read_refuses_everybody() {
        use CapabilityError::{Empty, Form, Kind, NotOne, Role};
        for (text, error) in [
            (r#"{"kind":"anyOf","roles":[]}"#, Empty),
            (r#"{"kind":"allOf","roles":[]}"#, Empty),
            (r#"{"kind":"role","roles":[]}"#, Empty),
            (r#"{"kind":"role","roles":["a","b"]}"#, NotOne),
            (r#"{"kind":0,"roles":["a","b"]}"#, NotOne),
            (r#"{"kind":"noneOf","roles":["a"]}"#, Kind),
            (r#"{"kind":3,"roles":["a"]}"#, Kind),
            (r#"{"kind":1.0,"roles":["a"]}"#, Kind),
            (r#"{"kind":"anyOf","roles":[1]}"#, Form),
            (r#"{"kind":"anyOf","roles":"a"}"#, Form),
            (r#"{"roles":["a"]}"#, Form),
            (r#"{"kind":"anyOf"}"#, Form),
            ("[]", Form),
            ("null", Form),
            ("a", Form),
            ("", Form),
            (r#""""#, Role),
            (r#"" a""#, Role),
            (r#""a,b""#, Role),
        ] {
            assert_eq!(read(text), Err(error), "{text}");
            let nobody = Requirement::from_json_or_nobody(text);
            assert!(!nobody.is_met_by(&Roles::of("a,b")) && !nobody.is_met_by(&Roles::default()));
        }
        assert!(Requirement::from_json_or_nobody("\"a\"").is_met_by(&Roles::of("a")));
        assert_eq!(Requirement::any_of([]), Err(Empty));
        assert_eq!(Requirement::all_of([]), Err(Empty));
    }

    #[test]
    fn roles_are_granted_by_one_attribute() {
        let none = Attributes::default();
        assert_eq!(granting(&none, []), Ok(none.clone()));
        let granted = granting(&none, ["a", "b"]).unwrap();
        assert_eq!(granted.get(ROLE), Some("a,b"));
        assert!(granted.roles().holds("a") && granted.roles().holds("b"));
        assert_eq!(granting(&granted, []), Ok(granted.clone()));
        assert_eq!(granting(&granted, ["a"]), Err(GrantingError::Twice));
        assert_eq!(granting(&none, ["a,b"]), Err(CapabilityError::Role.into()));
        assert_eq!(granting(&none, ["a"; MAX_ROLES + 1]), Err(CapabilityError::TooMany.into()));
    }

    #[test]
    fn requirements_are_bounded() {
        let list = |count: usize| {
            let names = vec!["\"a\""; count].join(",");
            read(&format!(r#"{{"kind":"anyOf","roles":[{names}]}}"#))
        };
        assert!(list(MAX_ROLES).is_ok());
        assert_eq!(list(MAX_ROLES + 1), Err(CapabilityError::TooMany));
        assert_eq!(Requirement::any_of(["a"; MAX_ROLES + 1]), Err(CapabilityError::TooMany));
        assert!(Requirement::role(&"r".repeat(MAX_ROLE_BYTES)).is_ok());
        assert_eq!(Requirement::role(&"r".repeat(MAX_ROLE_BYTES + 1)), Err(CapabilityError::Role));
        let padded = |bytes: usize| format!("\"a\"{}", " ".repeat(bytes - 3));
        assert!(read(&padded(MAX_TEXT_BYTES)).is_ok());
        assert_eq!(read(&padded(MAX_TEXT_BYTES + 1)), Err(CapabilityError::TooLarge));
    }

    #[test]
    fn service_and_method_both_have_to_allow_a_call() {
        let (a, b) = (Requirement::role("a").unwrap(), Requirement::role("b").unwrap());
        let (both, only_a) = (Roles::of("a,b"), Roles::of("a"));
        assert!(may_call(None, None, &Roles::default()));
        assert!(may_call(Some(&a), None, &only_a) && may_call(None, Some(&a), &only_a));
        assert!(may_call(Some(&a), Some(&b), &both));
        assert!(!may_call(Some(&a), Some(&b), &only_a) && !may_call(Some(&b), Some(&a), &only_a));
        assert!(!may_call(Some(&Requirement::nobody()), None, &both));
    }

    #[test]
    fn a_requirement_says_what_it_demands() {
        let shown = |text: &str| read(text).unwrap().to_string();
        assert_eq!(shown("\"a\""), "a");
        assert_eq!(shown(r#"{"kind":"anyOf","roles":["a"]}"#), "anyOf(a)");
        assert_eq!(shown(r#"{"kind":"allOf","roles":["a","b"]}"#), "allOf(a, b)");
        assert_eq!(Requirement::nobody().to_string(), "nobody");
        assert_eq!(read(r#"{"kind":"allOf","roles":["a","b"]}"#).unwrap().roles(), ["a", "b"]);
        assert!(Requirement::nobody().roles().is_empty());
    }
}
