//! Types and interfaces as the plan holds them: enough to write Rust, `.proto` and OpenAPI without the workflow's source.

use serde::Serialize;

/// A type as it crosses a process.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TypePlan {
    /// `bool`.
    Bool,
    /// `char`.
    Char,
    /// A whole number.
    Integer {
        /// Whether it may be negative.
        signed: bool,
        /// 8, 16, 32, 64 or 128.
        bits: u8,
    },
    /// `f32` or `f64`.
    Float {
        /// 32 or 64.
        bits: u8,
    },
    /// `String`.
    String,
    /// `Vec<u8>`, `Bytes` or `[u8; N]`.
    Bytes,
    /// `()`.
    Unit,
    /// `Option<T>`.
    Option(Box<TypePlan>),
    /// `Vec<T>`.
    List(Box<TypePlan>),
    /// `[T; N]`.
    Array(Box<TypePlan>, u64),
    /// `HashSet<T>` or `BTreeSet<T>`.
    Set(Box<TypePlan>),
    /// `HashMap<K, V>` or `BTreeMap<K, V>`.
    Map(Box<TypePlan>, Box<TypePlan>),
    /// `(A, B)`.
    Tuple(Vec<TypePlan>),
    /// A type that the workflow defines, by its path: `leaf_workflow::types::Stay`.
    Named(String),
    /// `std::time::Duration`.
    Duration,
    /// `std::time::SystemTime`.
    SystemTime,
    /// A known type of another crate, which is written as text.
    Known(KnownType),
    /// A type that cannot cross a process, as Rust text.
    Opaque(String),
}

/// Types of other crates that may cross a process; on the wire they are text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KnownType {
    /// `chrono::NaiveDate`.
    Date,
    /// `chrono::NaiveTime`.
    Time,
    /// `chrono::NaiveDateTime`.
    DateTime,
    /// `chrono::DateTime<Utc>`.
    Instant,
    /// `uuid::Uuid`.
    Uuid,
    /// `rust_decimal::Decimal`.
    Decimal,
}

/// A field of a struct or variant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldPlan {
    /// Its name; `0`, `1` … in a tuple struct or variant.
    pub name: String,
    /// Its type.
    pub ty: TypePlan,
    /// Its number on the wire.
    pub number: u32,
    /// Its documentation.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub doc: String,
}

/// How the fields of a struct or variant are written in Rust.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// No fields.
    Unit,
    /// By position.
    Tuple,
    /// By name.
    Named,
}

/// A variant of an enum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VariantPlan {
    /// Its name.
    pub name: String,
    /// Its number on the wire.
    pub number: u32,
    /// How its fields are written.
    pub shape: Shape,
    /// Its fields.
    pub fields: Vec<FieldPlan>,
    /// Its documentation.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub doc: String,
    /// For an application error: its canonical status, `not_found`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
}

/// What a type that the workflow defines consists of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TypeBody {
    /// A struct.
    Struct {
        /// How its fields are written.
        shape: Shape,
        /// Its fields.
        fields: Vec<FieldPlan>,
    },
    /// An enum; the variant of an application error that holds infrastructure errors is left out.
    Enum {
        /// Its variants.
        variants: Vec<VariantPlan>,
    },
}

/// A type that the workflow defines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TypeDefPlan {
    /// What it consists of.
    pub body: TypeBody,
    /// Whether it derives `ServiceError`.
    pub error: bool,
    /// Its documentation.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub doc: String,
}

/// An argument of a method.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ArgumentPlan {
    /// Its name.
    pub name: String,
    /// Its type in Rust, every path absolute.
    pub rust: String,
    /// Its type on the wire.
    pub ty: TypePlan,
    /// Its number on the wire.
    pub number: u32,
}

/// A method of an interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MethodPlan {
    /// Its name.
    pub name: String,
    /// Its place in the trait, from 0.
    pub index: u16,
    /// Whether it is safe to repeat.
    pub idempotent: bool,
    /// Whether every type of it may cross a process.
    pub remote: bool,
    /// Whether the caller must hold the callee itself, because the method borrows or cannot report an infrastructure error; then it is not remote.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub direct: bool,
    /// Its arguments, without `self`.
    pub arguments: Vec<ArgumentPlan>,
    /// The type it returns in Rust, every path absolute: `Result<Vec<leaf_workflow::Item>, leaf_workflow::CartError>`.
    pub returns_rust: String,
    /// The type of its answer on the wire.
    pub answer: TypePlan,
    /// The definition path of its application error; a method without one is not remote.
    pub error: Option<String>,
    /// Its documentation.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub doc: String,
}

/// A service trait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InterfacePlan {
    /// The trait's definition path, its key everywhere: `leaf_workflow::cart::Cart`.
    pub path: String,
    /// The path that generated code writes, which differs when the trait is re-exported: `leaf_workflow::Cart`.
    pub rust: String,
    /// The trait's name: `Cart`.
    pub name: String,
    /// Its name on the wire: `leaf.Cart`.
    pub wire_name: String,
    /// Its methods, in the trait's order.
    pub methods: Vec<MethodPlan>,
    /// Its documentation.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub doc: String,
}

impl InterfacePlan {
    /// The method of a name.
    pub fn method(&self, name: &str) -> Option<&MethodPlan> {
        self.methods.iter().find(|m| m.name == name)
    }
}

/// What a constructor's parameter takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ParameterKind {
    /// One instance of an interface, `Arc<dyn T>`: the path of `T` that generated code writes.
    Instance(String),
    /// Several, `Vec<Arc<dyn T>>`.
    Instances(String),
    /// One or none, `Option<Arc<dyn T>>`.
    OptionalInstance(String),
    /// A value from the wiring: its type in Rust, every path absolute.
    Value(String),
    /// A value or none: the type inside the `Option`.
    OptionalValue(String),
    /// A value that is decoded like one that crosses a process: its type in Rust.
    Data(String),
}

impl ParameterKind {
    /// The path of the interface that it takes, unless it takes a value.
    pub fn interface(&self) -> Option<&str> {
        match self {
            Self::Instance(path) | Self::Instances(path) | Self::OptionalInstance(path) => {
                Some(path)
            }
            Self::Value(_) | Self::OptionalValue(_) | Self::Data(_) => None,
        }
    }
}

/// A parameter of a constructor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConstructorParameter {
    /// Its name.
    pub name: String,
    /// What it takes.
    pub kind: ParameterKind,
    /// For an instance: whether its interface is a backend's.
    pub backend: bool,
}

/// A struct that implements an interface, and how it is built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImplementationPlan {
    /// Its definition path, its key everywhere: `leaf_workflow::cart::CartImpl`.
    pub path: String,
    /// The path that generated code writes: `leaf_workflow::CartImpl`.
    pub rust: String,
    /// Its name: `CartImpl`.
    pub name: String,
    /// The definition path of the interface that instances offer.
    pub interface: String,
    /// The constructor's parameters, in order.
    pub parameters: Vec<ConstructorParameter>,
    /// Whether `new` is async.
    pub is_async: bool,
    /// Whether `new` returns a `Result`.
    pub fallible: bool,
    /// Its background task `run`, if it has one.
    pub task: Option<TaskPlan>,
}

/// A background task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TaskPlan {
    /// Whether `run` returns a `Result`.
    pub fallible: bool,
}
