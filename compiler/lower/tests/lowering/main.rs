//! From an application's text to graph, plan and complaints.

#[cfg(test)]
mod capabilities;
#[cfg(test)]
mod deploy;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod outcome;
mod overridden;
mod places;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod settings;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tables;
