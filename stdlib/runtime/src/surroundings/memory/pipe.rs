//! A connection in memory.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};

use super::super::stream::ByteStream;
use super::endpoint::{Link, Passage};

/// How many bytes may be under way in one direction.
const BUFFER: usize = 64 * 1024;

/// The client's and the server's end of a connection.
pub(super) fn make_connection(link: &Arc<Link>) -> (ByteStream, ByteStream) {
    let (client, server) = tokio::io::duplex(BUFFER);
    let end = |stream, place| ByteStream::new(PipeEnd { stream, link: link.clone(), place });
    (end(client, 0), end(server, 2))
}

struct PipeEnd {
    stream: DuplexStream,
    link: Arc<Link>,
    /// Of this end's reader among those who wait; its writer is the next.
    place: usize,
}

impl PipeEnd {
    fn poll_passage(&self, place: usize, cx: &Context<'_>) -> Poll<io::Result<()>> {
        match ready!(self.link.poll_passage(place, cx)) {
            Passage::Free => Poll::Ready(Ok(())),
            Passage::Cut => Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())),
        }
    }
}

impl AsyncRead for PipeEnd {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(self.poll_passage(self.place, cx))?;
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for PipeEnd {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_passage(self.place + 1, cx))?;
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_passage(self.place + 1, cx))?;
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_passage(self.place + 1, cx))?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_passage(self.place + 1, cx))?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
