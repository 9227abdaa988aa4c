//! What a workflow declares: services, implementations, types and knobs, as read from its source.
//!
//! Paths are *definition paths* as `module_path!()` gives them, such as `leaf_workflow::types::Item`; they are the keys everywhere, the wire's included.
//! A `reachable` path is the one that code in another crate can write, which differs when a private module's item is re-exported.

use std::collections::{BTreeMap, BTreeSet};

use bp_diag::Span;
use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

/// All that a workflow crate and the path dependencies it uses declare.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct WorkflowModel {
    /// The package's name, as in its Cargo.toml: `leaf-workflow`.
    pub package: String,
    /// The library's name in Rust: `leaf_workflow`.
    pub crate_name: String,
    /// The folder of the Cargo.toml, as given to [`crate::read`].
    pub dir: Utf8PathBuf,
    /// The package's `version`, if it is written in its Cargo.toml itself.
    pub version: Option<String>,
    /// Services by definition path of their trait.
    pub services: BTreeMap<String, ServiceModel>,
    /// Interfaces that backends offer and crates that were read declare, by path.
    pub interfaces: BTreeMap<String, InterfaceModel>,
    /// Implementations by definition path of their type.
    pub implementations: BTreeMap<String, ImplementationModel>,
    /// Types that derive `Data` or `ServiceError`, by definition path.
    pub types: BTreeMap<String, TypeModel>,
    /// Knobs by name.
    pub knobs: BTreeMap<String, KnobModel>,
    /// The workflow crate first, then the path dependencies that were read, by name.
    pub crates: Vec<CrateModel>,
    /// Crates from elsewhere that the workflow's Cargo.toml names, by the name that Rust code uses: what generated code may need besides the workflow crates.
    pub externals: BTreeMap<String, ExternalModel>,
}

/// A crate whose source was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CrateModel {
    /// The library's name in Rust.
    pub name: String,
    /// The package's name.
    pub package: String,
    /// The folder of its Cargo.toml.
    pub dir: Utf8PathBuf,
    /// Where the package is named.
    pub package_span: Span,
    /// Where the library is named: there, unless `[lib]` has a name of its own.
    pub name_span: Span,
    /// The file that its library begins with.
    pub root: Utf8PathBuf,
    /// The features that are on.
    pub features: BTreeSet<String>,
    /// The crates of this list that its code sees: the name there, and the folder of the Cargo.toml.
    pub sees: BTreeMap<String, Utf8PathBuf>,
}

/// A dependency that is not read: from a registry, from git, or the runtime.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExternalModel {
    /// The package's name.
    pub package: String,
    /// The requirement as an inline TOML value with workspace inheritance resolved: `{ version = "0.4", features = ["clock"] }`; it has no `path`, since path dependencies are read, and the runtime's crates are not listed.
    pub requirement: String,
}

/// A service: a trait marked `#[service]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceModel {
    /// Definition path.
    pub path: String,
    /// The path that another crate can write.
    pub reachable: String,
    /// The trait's name.
    pub name: String,
    /// Its methods, in order.
    pub methods: Vec<MethodModel>,
    /// Its documentation, one line each, without the comment marks.
    pub docs: Vec<String>,
    /// The trait's name in the source.
    pub span: Span,
}

impl ServiceModel {
    /// The method with this name.
    pub fn method(&self, name: &str) -> Option<&MethodModel> {
        self.methods.iter().find(|m| m.name == name)
    }
}

/// What backends offer: a trait marked `#[interface]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InterfaceModel {
    /// Its crate and its name, wherever in the crate it is written: `acme_queue::Queue`.
    pub path: String,
    /// Paths of the interfaces that its declaration names as supertraits, in order.
    pub extends: Vec<String>,
    /// Its own methods, in order, without those of the interfaces that it extends.
    pub methods: Vec<InterfaceMethod>,
    /// Its documentation, one line each, without the comment marks.
    pub docs: Vec<String>,
    /// The trait's name in the source; `None` when it was read from a text of no file ([`crate::read_interface`]).
    pub span: Option<Span>,
}

/// A method of an interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InterfaceMethod {
    /// Its name, without `r#`.
    pub name: String,
    /// Whether it is marked `#[idempotent]`: safe to repeat.
    pub idempotent: bool,
    /// The names of the arguments after `&self`, in order.
    pub arguments: Vec<String>,
    /// Its documentation, one line each.
    pub docs: Vec<String>,
}

/// A method of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MethodModel {
    /// Its name, without `r#`.
    pub name: String,
    /// Whether it is marked `#[idempotent]`: safe to repeat.
    pub idempotent: bool,
    /// Arguments after `&self`, in order.
    pub arguments: Vec<ArgumentModel>,
    /// What it returns: `T` of `Result<T, E>`, or the whole type when it is not a `Result`.
    pub ok: TypeUse,
    /// `E` of `Result<T, E>`; `None` when the method returns no `Result`.
    pub error: Option<TypeUse>,
    /// Whether its answer cannot be encoded, an argument cannot, or it returns no service error: then it may only be called in-process.
    pub local: Option<LocalReason>,
    /// Why it must be called directly, without wrappers: it may borrow, or it cannot report that the infrastructure failed. Never set for a method that may cross a process.
    pub direct: Option<LocalReason>,
    /// Its documentation, one line each.
    pub docs: Vec<String>,
    /// Its name in the source.
    pub span: Span,
}

impl MethodModel {
    /// Whether the method may cross a process.
    pub fn is_remote(&self) -> bool {
        self.local.is_none()
    }

    /// The definition path of its error, if that is a named type.
    pub fn error_path(&self) -> Option<&str> {
        match &self.error.as_ref()?.ty {
            Type::Named(path) => Some(path),
            _ => None,
        }
    }

    /// The return type as generated code writes it: `Result<T, E>` or the plain type.
    pub fn return_text(&self) -> String {
        match &self.error {
            Some(error) => format!("Result<{}, {}>", self.ok.text, error.text),
            None => self.ok.text.clone(),
        }
    }
}

/// Why something may only be used inside one process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocalReason {
    /// The reason, in words: "`usize` has another size on other machines".
    pub text: String,
    /// The place that causes it.
    pub span: Span,
    /// Whether it is a guess: the definition is in a crate that is not read.
    pub unseen: bool,
}

/// An argument of a method.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArgumentModel {
    /// Its name, without `r#`.
    pub name: String,
    /// Its type.
    pub ty: TypeUse,
    /// The argument in the source.
    pub span: Span,
}

/// A type as used in one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypeUse {
    /// What it is, aliases resolved.
    pub ty: Type,
    /// The type in Rust with every path written out, valid in another crate: `Vec<leaf_workflow::types::Item>`.
    pub text: String,
    /// The place.
    pub span: Span,
}

/// What a type is, as far as encoding it is concerned; aliases are resolved.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Type {
    /// `()`
    Unit,
    /// `bool`
    Bool,
    /// `char`
    Char,
    /// `u8`
    U8,
    /// `u16`
    U16,
    /// `u32`
    U32,
    /// `u64`
    U64,
    /// `u128`
    U128,
    /// `i8`
    I8,
    /// `i16`
    I16,
    /// `i32`
    I32,
    /// `i64`
    I64,
    /// `i128`
    I128,
    /// `f32`
    F32,
    /// `f64`
    F64,
    /// `String`
    String,
    /// `Vec<u8>` or `bytes::Bytes`
    Bytes,
    /// `Option<T>`
    Option(Box<Type>),
    /// `Box<T>`, encoded as `T`.
    Box(Box<Type>),
    /// `Vec<T>` or `VecDeque<T>`
    Vec(Box<Type>),
    /// `[T; N]`; `[u8; N]` is encoded as bytes.
    Array(Box<Type>, u64),
    /// `BTreeSet<T>` or `HashSet<T>`
    Set(Box<Type>),
    /// `BTreeMap<K, V>` or `HashMap<K, V>`
    Map(Box<Type>, Box<Type>),
    /// `(A, B, …)`, never empty.
    Tuple(Vec<Type>),
    /// A struct or enum that derives `Data` or `ServiceError`, by definition path.
    Named(String),
    /// `std::time::Duration`
    Duration,
    /// `std::time::SystemTime`
    SystemTime,
    /// `chrono::NaiveDate`
    NaiveDate,
    /// `chrono::NaiveTime`
    NaiveTime,
    /// `chrono::NaiveDateTime`
    NaiveDateTime,
    /// `chrono::DateTime<chrono::Utc>`
    DateTimeUtc,
    /// `uuid::Uuid`
    Uuid,
    /// `rust_decimal::Decimal`
    Decimal,
    /// A type that may only be used inside one process.
    Local {
        /// The type as written.
        text: String,
        /// Why it cannot be encoded.
        reason: String,
    },
}

/// A type that derives `Data` or `ServiceError`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypeModel {
    /// Definition path.
    pub path: String,
    /// The path that another crate can write; `None` when there is none, which only matters where generated code names the type.
    pub reachable: Option<String>,
    /// The type's name.
    pub name: String,
    /// Its shape.
    pub kind: TypeKind,
    /// Whether it derives `Data`.
    pub derives_data: bool,
    /// Whether it derives `ServiceError`.
    pub derives_error: bool,
    /// The variant marked `#[infra]`, of a service error; it is never encoded.
    pub infra: Option<String>,
    /// Why it cannot be encoded, if a field's type cannot.
    pub local: Option<LocalReason>,
    /// Its documentation, one line each.
    pub docs: Vec<String>,
    /// The type's name in the source.
    pub span: Span,
}

/// The shape of a type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum TypeKind {
    /// `struct A { x: X }`
    Struct(Vec<FieldModel>),
    /// `struct A(X, Y);` fields are named `0`, `1`, …
    TupleStruct(Vec<FieldModel>),
    /// `struct A;`
    Unit,
    /// `enum A { … }`
    Enum(Vec<VariantModel>),
}

/// A field of a struct or of a variant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldModel {
    /// Its name without `r#`, or its position.
    pub name: String,
    /// Its type.
    pub ty: TypeUse,
    /// Its documentation, one line each.
    pub docs: Vec<String>,
    /// The field in the source.
    pub span: Span,
}

/// A variant of an enum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VariantModel {
    /// Its name.
    pub name: String,
    /// Its shape, never an enum.
    pub shape: VariantShape,
    /// `#[status(…)]`, of a service error's variant.
    pub status: Option<StatusModel>,
    /// Whether it is marked `#[infra]`.
    pub infra: bool,
    /// Its documentation, one line each.
    pub docs: Vec<String>,
    /// Its name in the source.
    pub span: Span,
}

/// The shape of a variant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum VariantShape {
    /// `A`
    Unit,
    /// `A(X, Y)`, fields named by position.
    Tuple(Vec<FieldModel>),
    /// `A { x: X }`
    Struct(Vec<FieldModel>),
}

impl VariantModel {
    /// The code that a service error has by this variant, as `#[derive(ServiceError)]` gives it: `no_such_item`.
    pub fn error_code(&self) -> String {
        let chars: Vec<char> = self.name.chars().collect();
        let mut code = String::new();
        for (index, char) in chars.iter().enumerate() {
            let before = index.checked_sub(1).and_then(|index| chars.get(index));
            let starts = char.is_uppercase()
                && before.is_some_and(|before| {
                    let is_next_lower = chars.get(index + 1).is_some_and(|c| c.is_lowercase());
                    *before != '_' && (!before.is_uppercase() || is_next_lower)
                });
            if starts {
                code.push('_');
            }
            code.extend(char.to_lowercase());
        }
        code
    }
}

impl VariantShape {
    /// Its fields, in order.
    pub fn fields(&self) -> &[FieldModel] {
        match self {
            Self::Unit => &[],
            Self::Tuple(fields) | Self::Struct(fields) => fields,
        }
    }
}

/// `#[status(not_found, "no item {0}")]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusModel {
    /// The canonical status name, one of [`crate::STATUS_NAMES`].
    pub code: String,
    /// The message's template, if there is one.
    pub message: Option<String>,
    /// The status name in the source.
    pub span: Span,
}

/// A type that implements services and can be constructed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImplementationModel {
    /// Definition path of the type.
    pub path: String,
    /// The path that another crate can write.
    pub reachable: String,
    /// The type's name.
    pub name: String,
    /// Definition paths of the services it implements, sorted, each with the place of its `impl`.
    pub services: BTreeMap<String, Span>,
    /// How it is made.
    pub constructor: ConstructorModel,
    /// Its background task, if it has one.
    pub run: Option<RunModel>,
    /// Its documentation, one line each.
    pub docs: Vec<String>,
    /// The type's name in the source.
    pub span: Span,
}

/// `pub (async) fn new(…) -> Self | Result<Self, E>`
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ConstructorModel {
    /// False when `new` is missing or faulty, which has been reported: nothing is known of the parameters then, so none should be checked.
    pub known: bool,
    /// Whether it is `async`.
    pub is_async: bool,
    /// Whether it returns a `Result`.
    pub fallible: bool,
    /// Its parameters, in order.
    pub params: Vec<ParameterModel>,
    /// `new` in the source; `None` when it is missing.
    pub span: Option<Span>,
}

/// A parameter of a constructor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParameterModel {
    /// Its name, without `r#`.
    pub name: String,
    /// What it takes.
    pub kind: ParameterKind,
    /// The parameter in the source.
    pub span: Span,
}

/// What a parameter takes; its Rust type decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ParameterKind {
    /// `Arc<dyn T>`: one instance.
    Instance(InterfaceUse),
    /// `Vec<Arc<dyn T>>`: any number of instances.
    List(InterfaceUse),
    /// `Option<Arc<dyn T>>`: one instance or none.
    Optional(InterfaceUse),
    /// Anything else: a value from the wiring.
    Literal(TypeUse),
}

impl ParameterKind {
    /// The interface, unless it is a literal.
    pub fn interface(&self) -> Option<&InterfaceUse> {
        match self {
            Self::Instance(i) | Self::List(i) | Self::Optional(i) => Some(i),
            Self::Literal(_) => None,
        }
    }
}

/// The trait behind an `Arc<dyn T>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InterfaceUse {
    /// Definition path of the service's trait; for an interface that backends offer its crate and its name, `bp_backend::Cache`, however it was imported.
    pub path: String,
    /// The path that generated code can write: `leaf_workflow::Cart`, `bp_std::Cache`.
    pub reachable: String,
    /// Whether backends offer it.
    pub backend: bool,
    /// The trait's name in the source.
    pub span: Span,
}

/// `async fn run(&self)`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunModel {
    /// Whether it is `async`; a blocking one is reported.
    pub is_async: bool,
    /// Whether it returns a `Result`.
    pub fallible: bool,
    /// Its name in the source.
    pub span: Span,
}

/// `static RELATED: Knob = knob!("related_posts");`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnobModel {
    /// Its name in the wiring.
    pub name: String,
    /// Definition path of the static.
    pub path: String,
    /// Its documentation, one line each.
    pub docs: Vec<String>,
    /// The name in the source.
    pub span: Span,
}
