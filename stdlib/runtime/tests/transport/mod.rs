//! What every transport must do, whatever it is made of; its own tests run this suite.
//!
//! ```ignore
//! #[path = "../../../../stdlib/runtime/tests/transport/mod.rs"]
//! mod suite;
//! suite::of!(bp_rt_grpc::plugin());
//! ```

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed step of a test ends it"
)]

pub(crate) mod calls;
pub(crate) mod hops;
pub(crate) mod probe;
pub(crate) mod replies;
pub(crate) mod values;

/// Makes the suite's tests for a transport.
macro_rules! of {
    ($transport:expr) => {
        $crate::suite::of!($transport;
            calls::answers_and_errors_keep_type_code_and_message,
            calls::infrastructure_failures_keep_kind_and_processed,
            calls::messages_over_the_limit_are_typed_errors_on_both_sides,
            calls::an_unreachable_callee_did_nothing_and_is_found_again,
            calls::a_dropped_call_drops_its_handler,
            calls::a_drained_server_finishes_what_is_open,
            calls::two_instances_of_one_interface_keep_apart,
            calls::calls_go_to_every_endpoint_and_around_a_dead_one,
            calls::a_server_that_drains_costs_its_callers_nothing,
            hops::context_crosses_three_hops,
            hops::cancellation_crosses_three_hops,
            hops::a_deadline_crosses_three_hops,
            replies::guards_of_replies_end_with_them,
            replies::the_number_of_the_attempt_arrives,
        );

        #[test]
        fn ten_thousand_timed_out_calls_leave_no_task() {
            $crate::suite::calls::ten_thousand_timed_out_calls_leave_no_task(&$transport);
        }

        #[test]
        fn what_one_end_says_the_other_hears() {
            $crate::suite::replies::what_one_end_says_the_other_hears(&$transport);
        }

        #[test]
        fn any_value_round_trips() {
            $crate::suite::values::any_value_round_trips(&$transport);
        }
    };
    ($transport:expr; $($module:ident::$name:ident,)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            $crate::suite::$module::$name(&$transport).await;
        }
    )*};
}

pub(crate) use of;
