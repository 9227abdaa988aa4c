//! One request and its answer on an open connection, for tonic to frame.

use std::error::Error;
use std::fmt;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};

use bp_runtime::{BoxFuture, ConnectionPermit};
use bytes::Bytes;
use h2::RecvStream;
use h2::client::SendRequest;
use http::{Request, Response};
use hyper::body::{Body as HttpBody, Frame};
use tonic::body::Body;
use tonic::client::GrpcService;

use crate::activity::Activity;

type BoxError = Box<dyn Error + Send + Sync>;

/// Sends requests on an open connection.
pub(crate) struct Sender {
    requests: SendRequest<Bytes>,
    activity: Arc<Activity>,
    /// Goes along with the one request that is sent.
    permit: Option<ConnectionPermit>,
}

impl Sender {
    pub(crate) fn new(
        requests: SendRequest<Bytes>,
        activity: Arc<Activity>,
        permit: ConnectionPermit,
    ) -> Self {
        Self { requests, activity, permit: Some(permit) }
    }
}

impl GrpcService<Body> for Sender {
    type ResponseBody = AnswerBody;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Response<AnswerBody>, BoxError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.requests.poll_ready(cx).map_err(BoxError::from)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let under_way = CallGuard::new(self.activity.clone(), self.permit.take());
        let requests = self.requests.clone();
        Box::pin(exchange(requests, request, under_way))
    }
}

/// Dropping the future resets the stream, which cancels the call.
async fn exchange(
    mut requests: SendRequest<Bytes>,
    request: Request<Body>,
    under_way: CallGuard,
) -> Result<Response<AnswerBody>, BoxError> {
    let (head, body) = request.into_parts();
    let sent = requests.send_request(Request::from_parts(head, ()), false);
    let (answer, mut stream) = sent.map_err(NotSent)?;
    let mut body = pin!(body);
    let mut last = Bytes::new();
    // A unary request is one piece that is complete at once, so it is sent together with the headers.
    // A stream that takes no more data was answered or reset already, and its answer says which.
    while let Some(frame) = poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
        if let Ok(data) = frame?.into_data() {
            let earlier = std::mem::replace(&mut last, data);
            if !earlier.is_empty() {
                let _ = stream.send_data(earlier, false);
            }
        }
    }
    let _ = stream.send_data(last, true);
    let answer = answer.await?;
    under_way.note_activity();
    Ok(answer.map(|stream| AnswerBody { stream, in_trailers: false, under_way }))
}

/// The connection broke before anything of a request was sent on it.
#[derive(Debug)]
pub(crate) struct NotSent(h2::Error);

impl fmt::Display for NotSent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the request was not sent: {}", self.0)
    }
}

impl Error for NotSent {}

/// The body of an answer.
pub(crate) struct AnswerBody {
    stream: RecvStream,
    in_trailers: bool,
    under_way: CallGuard,
}

impl HttpBody for AnswerBody {
    type Data = Bytes;
    type Error = h2::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, h2::Error>>> {
        if !self.in_trailers {
            if let Some(data) = ready!(self.stream.poll_data(cx)) {
                let data = data?;
                self.under_way.note_activity();
                // What is read makes room for more.
                let _ = self.stream.flow_control().release_capacity(data.len());
                return Poll::Ready(Some(Ok(Frame::data(data))));
            }
            self.in_trailers = true;
        }
        let trailers = ready!(self.stream.poll_trailers(cx))?;
        Poll::Ready(trailers.map(|trailers| Ok(Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        self.stream.is_end_stream()
    }
}

/// Counts one call while it lives.
struct CallGuard {
    activity: Arc<Activity>,
    _permit: Option<ConnectionPermit>,
}

impl CallGuard {
    fn new(activity: Arc<Activity>, permit: Option<ConnectionPermit>) -> Self {
        activity.calls.fetch_add(1, Ordering::Relaxed);
        Self { activity, _permit: permit }
    }

    fn note_activity(&self) {
        self.activity.heard.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for CallGuard {
    fn drop(&mut self) {
        self.activity.calls.fetch_sub(1, Ordering::Relaxed);
    }
}
