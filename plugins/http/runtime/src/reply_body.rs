//! The body of a response whose end somebody waits for.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::Error;
use axum::body::{Body, Bytes, HttpBody};
use bp_runtime::Guards;
use hyper::body::{Frame, SizeHint};

/// The body, with guards that are dropped when hyper has written it or its client has gone; the same one if there are none.
pub(crate) fn attach(body: Body, guards: Guards) -> Body {
    if guards.is_empty() { body } else { Body::new(ReplyBody { body, _guards: guards }) }
}

struct ReplyBody {
    body: Body,
    _guards: Guards,
}

impl HttpBody for ReplyBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
