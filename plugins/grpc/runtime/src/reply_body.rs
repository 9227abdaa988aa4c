//! The body of a response whose trailers say more than the status, or whose end somebody waits for.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bp_runtime::{Guards, ReplyMetadata};
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tonic::body::Body;
use tonic::metadata::MetadataMap;

use crate::reply_metadata;

/// What a reply leaves behind for its body.
#[derive(Debug, Default)]
pub(crate) struct Ending {
    /// Said in the trailers.
    pub(crate) metadata: ReplyMetadata,
    /// Dropped with the body, which hyper drops when it has written it or its client has gone.
    pub(crate) guards: Guards,
}

impl Ending {
    /// The body with this ending; the same one if there is nothing to add.
    pub(crate) fn attach(self, body: Body) -> Body {
        if self.metadata.is_empty() && self.guards.is_empty() {
            return body;
        }
        let mut trailers = MetadataMap::new();
        reply_metadata::write(&self.metadata, &mut trailers);
        Body::new(ReplyBody { body, trailers, _guards: self.guards })
    }
}

struct ReplyBody {
    body: Body,
    trailers: MetadataMap,
    _guards: Guards,
}

impl HttpBody for ReplyBody {
    type Data = Bytes;
    type Error = tonic::Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, tonic::Status>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        Poll::Ready(frame.map(|frame| {
            let mut frame = frame?;
            if let Some(trailers) = frame.trailers_mut() {
                trailers.extend(std::mem::take(&mut self.trailers).into_headers());
            }
            Ok(frame)
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
