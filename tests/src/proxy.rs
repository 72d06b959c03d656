//! A proxy that gives connections (`CONNECT`), and remembers what it was asked.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A running proxy. Its threads end with the tests.
pub struct Proxy {
    pub port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// Starts a proxy that wants this login, `NAME:PASSWORD` in base64, if there is one.
    pub fn start(login: Option<&'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = Self { port: listener.local_addr().unwrap().port(), asked: Arc::default() };
        let asked = Arc::clone(&proxy.asked);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let asked = Arc::clone(&asked);
                // A client may go at any time.
                thread::spawn(move || serve(&stream, login, &asked));
            }
        });
        proxy
    }

    /// The first lines of what it was asked since the last time.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

fn serve(stream: &TcpStream, login: Option<&str>, asked: &Mutex<Vec<String>>) -> io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut first, mut is_known) = (String::new(), login.is_none());
    reader.read_line(&mut first)?;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        is_known |= login.is_some_and(|login| line.trim_end().ends_with(&format!("asic {login}")));
        if line.trim().is_empty() {
            break;
        }
    }
    asked.lock().unwrap().push(first.trim_end().to_owned());
    let mut stream = stream;
    let Some(target) = first.strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next()) else {
        return stream.write_all(b"HTTP/1.1 405 X\r\ncontent-length: 0\r\n\r\n");
    };
    if !is_known {
        return stream.write_all(b"HTTP/1.1 407 X\r\ncontent-length: 0\r\n\r\n");
    }
    let server = TcpStream::connect(target)?;
    stream.write_all(b"HTTP/1.1 200 X\r\n\r\n")?;
    let back = (server.try_clone()?, stream.try_clone()?);
    let there = thread::spawn(move || {
        let (mut from, mut to) = (&back.0, &back.1);
        let _ = io::copy(&mut from, &mut to);
        to.shutdown(Shutdown::Write)
    });
    let mut to = &server;
    io::copy(&mut reader, &mut to)?;
    to.shutdown(Shutdown::Write)?;
    let _ = there.join();
    Ok(())
}
