//! Errors: of the infrastructure, of a service's own, of a constructor, of start-up.

use std::borrow::Cow;
use std::fmt;

use bp_data::Data;

use crate::reply_metadata::{ReplyMetadata, RetryAfter, Shed};

/// What kind of infrastructure failure ended a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum InfraKind {
    /// The callee could not be reached, or the connection broke.
    Unavailable,
    /// The deadline passed.
    Deadline,
    /// The callee, or a limit on the way, refused the call because of load.
    Overloaded,
    /// A message is larger than `max_message`.
    TooLarge,
    /// The caller gave up.
    Cancelled,
    /// A message could not be decoded.
    Decode,
    /// The callee has not finished its start-up (a call inside a cycle of services).
    NotStarted,
    /// The callee has no such instance or method.
    Unimplemented,
    /// Anything else, such as a panic in a handler.
    Internal,
}

impl InfraKind {
    /// All kinds, in declaration order.
    pub const ALL: [InfraKind; 9] = [
        Self::Unavailable,
        Self::Deadline,
        Self::Overloaded,
        Self::TooLarge,
        Self::Cancelled,
        Self::Decode,
        Self::NotStarted,
        Self::Unimplemented,
        Self::Internal,
    ];

    /// The name on the wire, in logs and as a metric's label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unavailable => "unavailable",
            Self::Deadline => "deadline",
            Self::Overloaded => "overloaded",
            Self::TooLarge => "too_large",
            Self::Cancelled => "cancelled",
            Self::Decode => "decode",
            Self::NotStarted => "not_started",
            Self::Unimplemented => "unimplemented",
            Self::Internal => "internal",
        }
    }

    /// The kind with this wire name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// The status of this kind; a transport shows [`Infra::status`].
    pub const fn status(self) -> Status {
        match self {
            Self::Unavailable | Self::NotStarted => Status::Unavailable,
            Self::Deadline => Status::DeadlineExceeded,
            Self::Overloaded | Self::TooLarge => Status::ResourceExhausted,
            Self::Cancelled => Status::Cancelled,
            Self::Decode => Status::InvalidArgument,
            Self::Unimplemented => Status::Unimplemented,
            Self::Internal => Status::Internal,
        }
    }

    /// Whether another attempt can end better; whether it *may* be made is [`Infra::may_retry`].
    pub const fn is_retryable(self) -> bool {
        matches!(self, Self::Unavailable | Self::Overloaded | Self::NotStarted)
    }
}

impl fmt::Display for InfraKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether the callee acted on a call that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Processed {
    /// Certainly not: failed connect, refused stream, our own rejection. Any method may be repeated.
    No,
    /// Unknown: a reset in mid-call. Only an idempotent method may be repeated.
    Maybe,
    /// Certainly.
    Yes,
}

impl Processed {
    /// The name on the wire (`bp-processed`).
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::Maybe => "maybe",
            Self::Yes => "yes",
        }
    }

    /// The value with this wire name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::No, Self::Maybe, Self::Yes].into_iter().find(|p| p.as_str() == name)
    }
}

/// An infrastructure failure of a call: the service gave no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Infra {
    /// What happened.
    pub kind: InfraKind,
    /// For people; names the edge or the limit where it is known.
    pub message: Cow<'static, str>,
    /// Whether the callee acted on the call.
    pub processed: Processed,
    /// What the callee said beside it: when to come again, what it shed.
    pub metadata: ReplyMetadata,
}

impl Infra {
    /// A failure of `kind`.
    pub fn new(
        kind: InfraKind,
        processed: Processed,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { kind, message: message.into(), processed, metadata: ReplyMetadata::default() }
    }

    /// The callee could not be reached, so it did nothing.
    pub fn unavailable(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(InfraKind::Unavailable, Processed::No, message)
    }

    /// The deadline passed; `processed` says whether the call had been sent.
    pub fn deadline(processed: Processed, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(InfraKind::Deadline, processed, message)
    }

    /// Refused because of load, before anything was done.
    pub fn overloaded(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(InfraKind::Overloaded, Processed::No, message)
    }

    /// Arguments that cannot be decoded (nothing was done).
    pub fn decode(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(InfraKind::Decode, Processed::No, message)
    }

    /// A failure that should not happen.
    pub fn internal(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(InfraKind::Internal, Processed::Maybe, message)
    }

    /// The same failure with another `processed`.
    pub fn with_processed(mut self, processed: Processed) -> Self {
        self.processed = processed;
        self
    }

    /// The same failure, with what the callee says beside it.
    pub fn with_metadata(mut self, metadata: ReplyMetadata) -> Self {
        self.metadata = metadata;
        self
    }

    /// The same failure, saying when the caller may try again.
    pub fn with_retry_after(mut self, retry_after: RetryAfter) -> Self {
        self.metadata.set_retry_after(retry_after);
        self
    }

    /// The same failure, saying what was refused because of load, and why.
    pub fn with_shed(mut self, shed: Shed) -> Self {
        self.metadata.set_shed(shed);
        self
    }

    /// The status that a transport shows for this failure.
    ///
    /// A message that the callee refused unread is the caller's fault; one that could not be read later, such as an answer from further on, is not.
    pub const fn status(&self) -> Status {
        match (self.kind, self.processed) {
            (InfraKind::Decode, Processed::Maybe | Processed::Yes) => Status::Internal,
            (kind, _) => kind.status(),
        }
    }

    /// Whether a call may be repeated: the error is retryable, and either nothing was done or the method is idempotent.
    pub fn may_retry(&self, idempotent: bool) -> bool {
        self.kind.is_retryable() && (self.processed == Processed::No || idempotent)
    }
}

impl fmt::Display for Infra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} (processed: {})", self.kind, self.message, self.processed.as_str())
    }
}

impl std::error::Error for Infra {}

macro_rules! statuses {
    ($($variant:ident $name:literal $grpc:literal $http:literal $doc:literal;)*) => {
        /// How an outcome is classed for transports, metrics and people: the names and numbers of gRPC.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Status { $(#[doc = $doc] $variant,)* }

        impl Status {
            /// All, in the order of their gRPC codes.
            pub const ALL: &'static [Status] = &[$(Self::$variant),*];

            /// `not_found`, as written in `#[status(…)]`.
            pub const fn as_str(self) -> &'static str { match self { $(Self::$variant => $name),* } }

            /// The gRPC code.
            pub const fn grpc(self) -> u8 { match self { $(Self::$variant => $grpc),* } }

            /// The HTTP status code, as google.rpc.Code documents the mapping.
            pub const fn http(self) -> u16 { match self { $(Self::$variant => $http),* } }
        }
    };
}

statuses! {
    Cancelled "cancelled" 1 499 "The caller gave up.";
    Unknown "unknown" 2 500 "No better class is known.";
    InvalidArgument "invalid_argument" 3 400 "An argument is wrong whatever the state.";
    DeadlineExceeded "deadline_exceeded" 4 504 "The deadline passed.";
    NotFound "not_found" 5 404 "What was asked for does not exist.";
    AlreadyExists "already_exists" 6 409 "What should be created exists.";
    PermissionDenied "permission_denied" 7 403 "The caller may not do this.";
    ResourceExhausted "resource_exhausted" 8 429 "A quota or a limit is used up.";
    FailedPrecondition "failed_precondition" 9 400 "The state does not allow it now.";
    Aborted "aborted" 10 409 "A conflict; the caller may start over.";
    OutOfRange "out_of_range" 11 400 "Beyond the valid range in this state.";
    Unimplemented "unimplemented" 12 501 "There is no such operation.";
    Internal "internal" 13 500 "An invariant broke.";
    Unavailable "unavailable" 14 503 "Not now; try again.";
    DataLoss "data_loss" 15 500 "Stored content is lost or corrupt.";
    Unauthenticated "unauthenticated" 16 401 "The caller is not known.";
}

impl Status {
    /// The status with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|status| status.as_str() == name)
    }

    /// Whether a callee that answers so has failed, as OpenTelemetry's conventions draw the line: what is not its fault is an answer.
    pub const fn is_callees_fault(self) -> bool {
        matches!(
            self,
            Self::Unknown
                | Self::DeadlineExceeded
                | Self::Unimplemented
                | Self::Internal
                | Self::Unavailable
                | Self::DataLoss
        )
    }

    /// The status with this gRPC code; 0 (OK) has none.
    pub fn from_grpc(code: u8) -> Option<Self> {
        Self::ALL.iter().copied().find(|status| status.grpc() == code)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The error of a service's methods; `#[derive(ServiceError)]` writes the implementation.
///
/// Exactly one variant holds an [`Infra`]; it is never encoded, because a transport carries it in its own way.
pub trait ServiceError: std::error::Error + Data + From<Infra> {
    /// The class of this error; of the infrastructure variant, that of its kind.
    fn status(&self) -> Status;
    /// The variant's name in snake_case, stable for clients: `no_such_item`.
    fn code(&self) -> &'static str;
    /// The infrastructure failure, if this is that variant.
    fn infra(&self) -> Option<&Infra>;
    /// The infrastructure failure by value, or this error back.
    fn into_infra(self) -> Result<Infra, Self>;
}

/// Why a constructor failed.
#[derive(Debug)]
pub struct InitError {
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl InitError {
    /// A failure described by `message`.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), source: None }
    }

    /// The error that caused it.
    pub fn cause(&self) -> Option<&(dyn std::error::Error + Send + Sync + 'static)> {
        self.source.as_deref()
    }
}

/// Any error becomes an `InitError` by `?`, which is why `InitError` itself does not implement `Error`.
impl<E: std::error::Error + Send + Sync + 'static> From<E> for InitError {
    fn from(error: E) -> Self {
        Self { message: join_causes(&error), source: Some(Box::new(error)) }
    }
}

impl fmt::Display for InitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Why a process did not start; each says what to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartError {
    message: String,
}

impl StartError {
    /// A failure described by `message`.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }

    /// A failure of an underlying operation: `what: cause: cause of cause`.
    pub fn because(what: impl fmt::Display, error: &dyn std::error::Error) -> Self {
        Self { message: format!("{what}: {}", join_causes(error)) }
    }

    /// The same error, with where it happened in front.
    pub fn at(self, place: impl fmt::Display) -> Self {
        Self { message: format!("{place}: {}", self.message) }
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for StartError {}

/// The error's message followed by the messages of its sources; one that is already part of its wrapper's message is not repeated.
fn join_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        let message = source.to_string();
        if !text.contains(&message) {
            text.push_str(": ");
            text.push_str(&message);
        }
        next = source.source();
    }
    text
}
