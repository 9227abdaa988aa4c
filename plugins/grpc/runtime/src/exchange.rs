//! One request and its answer on an open connection, for tonic to frame.

use std::error::Error;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};

use bp_runtime::{BoxFuture, Place};
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
    place: Option<Place>,
}

impl Sender {
    pub(crate) fn new(requests: SendRequest<Bytes>, activity: Arc<Activity>, place: Place) -> Self {
        Self { requests, activity, place: Some(place) }
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
        let under_way = CallGuard::new(self.activity.clone(), self.place.take());
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
    let (answer, mut stream) = requests.send_request(Request::from_parts(head, ()), false)?;
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
    _place: Option<Place>,
}

impl CallGuard {
    fn new(activity: Arc<Activity>, place: Option<Place>) -> Self {
        activity.calls.fetch_add(1, Ordering::Relaxed);
        Self { activity, _place: place }
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
