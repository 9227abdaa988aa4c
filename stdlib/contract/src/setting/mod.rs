//! Settings of plugins: how they are declared, what a plan says of them, and how their values are read.
//!
//! A plugin declares its settings as one type, in a file that both of its halves compile:
//!
//! ```
//! use std::time::Duration;
//!
//! use bp_contract::setting::Settings;
//!
//! /// What the wiring says.
//! #[derive(Debug, Settings)]
//! #[settings(shorthand = "after")]
//! struct Pause {
//!     /// How long to wait.
//!     #[setting(default = "10ms", range = "1ms"..="1h", tunable)]
//!     after: Duration,
//!     /// Most waits; any number if it is absent.
//!     #[setting(range = 1..=10)]
//!     most: Option<u32>,
//! }
//!
//! assert_eq!(Pause::SETTINGS[0].name, "after");
//! let pause = Pause::read(&serde_json::json!({ "most": 3 }))?;
//! assert_eq!((pause.after, pause.most), (Duration::from_millis(10), Some(3)));
//! # Ok::<(), bp_contract::setting::SettingFault>(())
//! ```
//!
//! A default or a bound that is not a value of its field's type does not compile, nor does a default out of bounds:
//!
//! ```compile_fail,E0080
//! # use bp_contract::setting::Settings;
//! #[derive(Settings)]
//! struct Pause {
//!     /// How long to wait.
//!     #[setting(default = "10 ms")]
//!     after: std::time::Duration,
//! }
//! # let _ = Pause::SETTINGS;
//! ```
//!
//! ```compile_fail,E0080
//! # use bp_contract::setting::Settings;
//! #[derive(Settings)]
//! struct Pause {
//!     /// Most waits.
//!     #[setting(default = 11, range = 1..=10)]
//!     most: u32,
//! }
//! # let _ = Pause::SETTINGS;
//! ```

mod declare;
mod fits;
mod plan;
mod read;

pub use bp_contract_derive::Settings;
pub use declare::{Literal, Setting, SettingKind};
pub use plan::{SettingPlan, SettingType};
pub use read::{Ratio, SettingFault, SettingValue, Settings, Size};

#[doc(hidden)]
pub mod __private {
    pub use super::read::{read_entries, read_field, read_word, write_fields};
    pub use serde;
    pub use serde_json::Value;
}
