//! Asks a process's admin listener whether it is ready.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_millis(500);

/// Whether `GET /bp/ready` on this port answers 200.
pub(crate) fn is_ready(port: u16) -> bool {
    ask(port).unwrap_or(false)
}

fn ask(port: u16) -> std::io::Result<bool> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(b"GET /bp/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut status = [0; 12];
    stream.read_exact(&mut status)?;
    Ok(&status == b"HTTP/1.1 200")
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    #[test]
    fn only_an_answer_of_200_is_ready() {
        for (answer, ready) in [
            ("HTTP/1.1 200 OK\r\n\r\n", true),
            ("HTTP/1.1 503 Service Unavailable\r\n\r\n", false),
            ("", false),
        ] {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
            let port = listener.local_addr().expect("an address").port();
            let server = thread::spawn(move || {
                let (mut stream, _) = listener.accept().expect("a caller");
                let mut request = [0; 1024];
                let length = stream.read(&mut request).expect("a request");
                stream.write_all(answer.as_bytes()).expect("an answer");
                assert!(request[..length].starts_with(b"GET /bp/ready HTTP/1.1\r\n"));
            });
            assert_eq!(is_ready(port), ready, "{answer}");
            server.join().expect("served");
            assert!(!is_ready(port), "nobody listens any more");
        }
    }
}
