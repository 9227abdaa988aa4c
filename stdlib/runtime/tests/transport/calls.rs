//! One caller, one or more callees.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use bp_std::ServiceError;
use bp_std::rt::{
    Client, Context, Infra, InfraKind, Instant, MessageLimit, Processed, TransportPlugin,
};

use super::probe::{
    FAIL, HANG, MAKE, MEASURE, NAME, PATIENCE, ProbeError, WAIT, connect, connect_with, eventually,
    infra, infra_of, limit, named, serve, serve_at, serve_one, until_refused,
};

pub(crate) async fn answers_and_errors_keep_type_code_and_message(transport: &dyn TransportPlugin) {
    let server = serve_one(transport).await;
    let client = connect(transport, "probe", &[server.address]);
    assert_eq!(client.call::<_, String, ProbeError>(NAME, ()).await, Ok("probe".to_owned()));
    for expected in [
        ProbeError::NoSuchItem("größer, \"7\" \u{7}\r\n%".into()),
        ProbeError::Closed { why: "Feierabend".into(), since: u64::MAX },
        ProbeError::Conflict,
    ] {
        let which = match expected {
            ProbeError::NoSuchItem(_) => 0_u32,
            ProbeError::Closed { .. } => 1,
            _ => 2,
        };
        let error = client.call::<_, (), ProbeError>(FAIL, (which,)).await.unwrap_err();
        assert_eq!(error, expected);
        // The class is known before the error is decoded, for wrappers.
        let arguments = client.send(FAIL, std::sync::Arc::new(encoded(transport, which))).await;
        let reply = arguments.unwrap();
        let bp_std::rt::Class::Application { status, code, message } = reply.class() else {
            panic!("{reply:?}");
        };
        assert_eq!((*status, code.as_ref()), (error.status(), error.code()));
        assert_eq!(*message, error.to_string());
    }
}

fn encoded(transport: &dyn TransportPlugin, which: u32) -> bp_std::rt::Encoded {
    use bp_std::rt::{Codec, Encoded};
    if transport.system() == bp_std::rt::System::Rpc("grpc") {
        Encoded {
            codec: Codec::Protobuf,
            bytes: match which {
                0 => bytes::Bytes::new(),
                which => vec![8, u8::try_from(which).unwrap()].into(),
            },
        }
    } else {
        Encoded { codec: Codec::Json, bytes: format!("{{\"which\":{which}}}").into() }
    }
}

pub(crate) async fn infrastructure_failures_keep_kind_and_processed(
    transport: &dyn TransportPlugin,
) {
    let server = serve_one(transport).await;
    let client = connect(transport, "probe", &[server.address]);
    for which in 0..18 {
        let failure = infra::<_, ()>(&client, FAIL, (which + 4,)).await;
        assert_eq!(failure, infra_of(which));
    }
    let panicked = infra::<_, ()>(&client, FAIL, (3_u32,)).await;
    assert_eq!(panicked.kind, InfraKind::Internal, "{panicked}");

    let stranger = connect(transport, "stranger", &[server.address]);
    let unknown = infra::<_, String>(&stranger, NAME, ()).await;
    assert_eq!((unknown.kind, unknown.processed), (InfraKind::Unimplemented, Processed::No));
    let local = infra::<_, ()>(&client, 8, ()).await;
    assert_eq!((local.kind, local.processed), (InfraKind::Unimplemented, Processed::No));
    // Arguments of another type cannot be decoded, and nothing was done.
    let wrong = infra::<_, ()>(&client, FAIL, ("seven".to_owned(),)).await;
    assert_eq!((wrong.kind, wrong.processed), (InfraKind::Decode, Processed::No), "{wrong}");
    let answer = infra::<_, u64>(&client, NAME, ()).await;
    assert_eq!((answer.kind, answer.processed), (InfraKind::Decode, Processed::Yes), "{answer}");
}

pub(crate) async fn messages_over_the_limit_are_typed_errors_on_both_sides(
    transport: &dyn TransportPlugin,
) {
    let server = serve_one(transport).await;
    let client = connect(transport, "probe", &[server.address]);
    let unlimited = MessageLimit { bytes: 1 << 24 };
    let large = connect_with(transport, "probe", &[server.address], unlimited);
    let text = "x".repeat(limit().bytes + 1);
    let kind = |failure: Infra| (failure.kind, failure.processed);
    let too_large = |processed| (InfraKind::TooLarge, processed);

    let fits = limit().bytes - 100;
    let answer = client.call::<_, u64, ProbeError>(MEASURE, ("x".repeat(fits),)).await;
    assert_eq!(answer, Ok(fits as u64));
    let length = u32::try_from(fits).unwrap();
    assert_eq!(
        client.call::<_, String, ProbeError>(MAKE, (length,)).await.map(|t| t.len()),
        Ok(fits)
    );

    assert_eq!(
        kind(infra::<_, u64>(&client, MEASURE, (text.clone(),)).await),
        too_large(Processed::No)
    );
    assert_eq!(kind(infra::<_, u64>(&large, MEASURE, (text,)).await), too_large(Processed::No));
    let length = u32::try_from(limit().bytes + 1).unwrap();
    assert_eq!(kind(infra::<_, String>(&large, MAKE, (length,)).await), too_large(Processed::Yes));

    let generous = serve_at("127.0.0.1:0", transport, vec![named("probe")], unlimited).await;
    let client = connect(transport, "probe", &[generous.address]);
    assert_eq!(kind(infra::<_, String>(&client, MAKE, (length,)).await), too_large(Processed::Yes));
    // The connection survives it.
    assert_eq!(client.call::<_, String, ProbeError>(NAME, ()).await, Ok("probe".to_owned()));
}

pub(crate) async fn an_unreachable_callee_did_nothing_and_is_found_again(
    transport: &dyn TransportPlugin,
) {
    let server = serve_one(transport).await;
    let client = connect(transport, "probe", &[server.address]);
    assert_eq!(client.call::<_, String, ProbeError>(NAME, ()).await, Ok("probe".to_owned()));
    server.drain.close();
    server.task.await.unwrap().unwrap();
    // Until the client has seen the connection close, a call on it may or may not have arrived.
    let gone = until_refused(&client).await;
    assert_eq!((gone.kind, gone.processed), (InfraKind::Unavailable, Processed::No), "{gone}");

    let address = server.address.to_string();
    let _again = serve_at(&address, transport, vec![named("probe")], limit()).await;
    let end = Instant::now() + PATIENCE;
    let mut answer = client.call::<_, String, ProbeError>(NAME, ()).await;
    while answer.is_err() && Instant::now() < end {
        tokio::time::sleep(Duration::from_millis(20)).await;
        answer = client.call(NAME, ()).await;
    }
    assert_eq!(answer, Ok("probe".to_owned()));
}

pub(crate) async fn a_dropped_call_drops_its_handler(transport: &dyn TransportPlugin) {
    let probe = named("probe");
    let hanging = probe.hanging.clone();
    let count = || hanging.load(Ordering::SeqCst);
    let server = serve(transport, vec![probe]).await;
    let client = connect(transport, "probe", &[server.address]);
    let caller = tokio::spawn(async move { client.call::<_, (), ProbeError>(HANG, ()).await });
    eventually("the handler runs", || count() == 1).await;
    caller.abort();
    eventually("the handler is dropped", || count() == 0).await;
}

pub(crate) async fn a_drained_server_finishes_what_is_open(transport: &dyn TransportPlugin) {
    let server = serve_one(transport).await;
    let client = connect(transport, "probe", &[server.address]);
    assert_eq!(client.call::<_, String, ProbeError>(NAME, ()).await, Ok("probe".to_owned()));
    let open = client.clone();
    let open = tokio::spawn(async move { open.call::<_, u64, ProbeError>(WAIT, (900_u64,)).await });
    let begun = || server.calls.load(Ordering::SeqCst) == 2;
    eventually("the call is under way", begun).await;
    server.drain.start();
    let late = until_refused(&client).await;
    assert_eq!((late.kind, late.processed), (InfraKind::Unavailable, Processed::No), "{late}");
    assert_eq!(open.await.unwrap(), Ok(900));
    tokio::time::timeout(PATIENCE, server.task).await.unwrap().unwrap().unwrap();

    // What outlasts the drain is given up, and the caller hears of it.
    let server = serve_one(transport).await;
    let client = connect(transport, "probe", &[server.address]);
    let open = tokio::spawn(async move { infra::<_, ()>(&client, HANG, ()).await });
    let begun = || server.calls.load(Ordering::SeqCst) == 1;
    eventually("the call is under way", begun).await;
    server.drain.close();
    let lost = tokio::time::timeout(PATIENCE, open).await.unwrap().unwrap();
    assert_eq!((lost.kind, lost.processed), (InfraKind::Unavailable, Processed::Maybe), "{lost}");
}

pub(crate) async fn two_instances_of_one_interface_keep_apart(transport: &dyn TransportPlugin) {
    let server = serve(transport, vec![named("first"), named("second")]).await;
    for name in ["first", "second"] {
        let client = connect(transport, name, &[server.address]);
        assert_eq!(client.call::<_, String, ProbeError>(NAME, ()).await, Ok(name.to_owned()));
    }
}

pub(crate) async fn calls_go_to_every_endpoint_and_around_a_dead_one(
    transport: &dyn TransportPlugin,
) {
    let mut servers = Vec::new();
    for _ in 0..3 {
        servers.push(serve_one(transport).await);
    }
    let mut addresses: Vec<_> = servers.iter().map(|s| s.address).collect();
    let dead = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    addresses.push(dead);
    let client = connect(transport, "probe", &addresses);
    for _ in 0..10 {
        // Together, so that they are outstanding beside each other.
        let calls = (0..12).map(|_| client.call::<_, u64, ProbeError>(WAIT, (5_u64,)));
        for answer in futures_util::future::join_all(calls).await {
            assert_eq!(
                answer,
                Ok(5),
                "the callee did not begin with it, so another endpoint gets it"
            );
        }
    }
    for server in &servers {
        let calls = server.calls.load(Ordering::SeqCst);
        assert!((20..=60).contains(&calls), "every replica has its share of 120: {calls}");
    }
    // Without another endpoint the failure is the caller's.
    let alone = connect(transport, "probe", &[dead]);
    let gone = infra::<_, String>(&alone, NAME, ()).await;
    assert_eq!((gone.kind, gone.processed), (InfraKind::Unavailable, Processed::No), "{gone}");
}

pub(crate) async fn a_server_that_drains_costs_its_callers_nothing(
    transport: &dyn TransportPlugin,
) {
    let servers = [serve_one(transport).await, serve_one(transport).await];
    let client = connect(transport, "probe", &[servers[0].address, servers[1].address]);
    let over = Arc::new(AtomicBool::new(false));
    let calls = |client: &Client| {
        let (client, over) = (client.clone(), over.clone());
        tokio::spawn(async move {
            while !over.load(Ordering::SeqCst) {
                // Not idempotent, and nothing repeats it but the balance.
                assert_eq!(client.call::<_, u64, ProbeError>(WAIT, (1_u64,)).await, Ok(1));
            }
        })
    };
    let callers: Vec<_> = (0..16).map(|_| calls(&client)).collect();
    let [first, second] = servers;
    let count = |server: &AtomicUsize| server.load(Ordering::SeqCst);
    eventually("both are called", || count(&first.calls) > 100 && count(&second.calls) > 100).await;
    first.drain.start();
    first.task.await.unwrap().unwrap();
    let before = count(&second.calls);
    eventually("the other is called on", || count(&second.calls) > before + 100).await;
    over.store(true, Ordering::SeqCst);
    for caller in callers {
        caller.await.unwrap();
    }
}

pub(crate) fn ten_thousand_timed_out_calls_leave_no_task(transport: &dyn TransportPlugin) {
    let runtime = || {
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
    };
    let (servers, clients) = (runtime(), runtime());
    let probe = named("probe");
    let hanging = probe.hanging.clone();
    let server = servers.block_on(async { serve(transport, vec![probe]).await });
    clients.block_on(async {
        let client = connect(transport, "probe", &[server.address]);
        client.call::<_, String, ProbeError>(NAME, ()).await.unwrap();
        let alive = || [&servers, &clients].map(|r| r.metrics().num_alive_tasks());
        tokio::time::sleep(Duration::from_millis(50)).await;
        let baseline = alive();
        for _ in 0..50 {
            let calls = (0..200).map(|_| {
                let client = client.clone();
                async move {
                    let mut context = Context::empty();
                    context.limit_deadline(Instant::now() + Duration::from_millis(20));
                    let call = context.scope(client.call::<_, (), ProbeError>(HANG, ()));
                    assert!(
                        tokio::time::timeout(Duration::from_millis(20), call)
                            .await
                            .map_or(true, |a| a.is_err())
                    );
                }
            });
            futures_util::future::join_all(calls).await;
        }
        eventually("no handler is left", || hanging.load(Ordering::SeqCst) == 0).await;
        eventually(&format!("{:?} tasks are {baseline:?} again", alive()), || {
            alive().iter().zip(baseline).all(|(now, before)| *now <= before)
        })
        .await;
        client.call::<_, String, ProbeError>(NAME, ()).await.unwrap();
    });
}
