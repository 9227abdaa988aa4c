//! A Chromium without a window, driven over the DevTools protocol.
//!
//! The protocol goes over two pipes (`--remote-debugging-pipe`, file descriptors 3 and 4, messages that end in a NUL byte), so neither a port nor a WebSocket is needed.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

/// One page of one browser.
pub(crate) struct Page {
    child: Child,
    ask: ChildStdin,
    answer: BufReader<ChildStdout>,
    session: Option<String>,
    next: u64,
    _profile: tempfile::TempDir,
}

impl Drop for Page {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The browser's program; `None` where there is none, which CI does not forgive.
pub(crate) fn program() -> Option<&'static str> {
    let runs = |name: &&str| Command::new(name).arg("--version").output().is_ok();
    let found = ["chromium", "chromium-browser", "google-chrome"].into_iter().find(runs);
    assert!(found.is_some() || std::env::var_os("BP_CI").is_none(), "chromium is not installed");
    if found.is_none() {
        eprintln!("skipped: chromium is not installed; `cargo xtask ci` installs it");
    }
    found
}

impl Page {
    /// Opens a file in a window of 1280 by 800.
    pub(crate) fn open(program: &str, file: &Path, fragment: &str) -> Self {
        let profile = tempfile::tempdir().expect("a profile");
        let mut command = Command::new("sh");
        // The pipes are standard input and output here and descriptors 3 and 4 there.
        command.args(["-c", "exec \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1", "sh", program]);
        command
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"])
            .args(["--no-first-run", "--disable-dev-shm-usage", "--window-size=1280,800"])
            .arg("--remote-debugging-pipe")
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command.spawn().expect("started");
        let ask = child.stdin.take().expect("piped");
        let answer = BufReader::new(child.stdout.take().expect("piped"));
        let mut page = Self { child, ask, answer, session: None, next: 0, _profile: profile };
        let url = format!("file://{}{fragment}", file.display());
        let target = page.call("Target.createTarget", json!({ "url": "about:blank" }));
        let target = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = page.call("Target.attachToTarget", target);
        page.session = attached["sessionId"].as_str().map(str::to_owned);
        let size = json!({ "width": 1280, "height": 800, "deviceScaleFactor": 1, "mobile": false });
        page.call("Emulation.setDeviceMetricsOverride", size);
        // Faults of scripts, from the first line on.
        let watch = "window.faults = []; addEventListener('error', e => faults.push(String(e.message))); addEventListener('securitypolicyviolation', e => faults.push(e.violatedDirective));";
        page.call("Page.enable", json!({}));
        page.call("Page.addScriptToEvaluateOnNewDocument", json!({ "source": watch }));
        page.call("Page.navigate", json!({ "url": url }));
        page.until("document.readyState === 'complete' && bp.view.stats.frames > 0");
        page
    }

    /// Sends a command and waits for its result; events on the way are of no interest.
    fn call(&mut self, method: &str, parameters: impl Into<Value>) -> Value {
        self.next += 1;
        let mut message = json!({ "id": self.next, "method": method, "params": parameters.into() });
        if let Some(session) = &self.session {
            message["sessionId"] = session.as_str().into();
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.ask.write_all(&bytes).expect("the browser listens");
        loop {
            let mut bytes = Vec::new();
            let read = self.answer.read_until(0, &mut bytes).expect("the browser answers");
            assert!(read > 0, "the browser ended during {method}");
            bytes.pop();
            let answer: Value = serde_json::from_slice(&bytes).expect("JSON");
            if answer["id"] == self.next {
                assert!(answer.get("error").is_none(), "{method}: {answer}");
                return answer["result"].clone();
            }
        }
    }

    /// The value of an expression.
    pub(crate) fn get(&mut self, expression: &str) -> Value {
        let ask = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let answer = self.call("Runtime.evaluate", ask);
        assert!(answer.get("exceptionDetails").is_none(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    pub(crate) fn text(&mut self, expression: &str) -> String {
        self.get(expression).as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn number(&mut self, expression: &str) -> u64 {
        self.get(expression).as_u64().expect("a whole number")
    }

    /// Waits until an expression is true.
    pub(crate) fn until(&mut self, expression: &str) {
        for _ in 0..600 {
            let ask = json!({ "expression": expression, "returnByValue": true });
            let answer = self.call("Runtime.evaluate", ask);
            if answer["result"]["value"] == true {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        panic!("never true: {expression}; faults: {}", self.get("window.faults"));
    }

    /// Waits until everything asked for so far is drawn and the view rests.
    pub(crate) fn rest(&mut self) {
        self.get("new Promise(done => setTimeout(() => requestAnimationFrame(() => requestAnimationFrame(() => done(true))), 200))");
    }

    fn mouse(&mut self, kind: &str, (x, y): (f64, f64), clicks: u32) {
        let pressed = u32::from(kind != "mouseReleased");
        self.call(
            "Input.dispatchMouseEvent",
            json!({ "type": kind, "x": x, "y": y, "button": "left", "buttons": pressed, "clickCount": clicks }),
        );
    }

    pub(crate) fn click(&mut self, at: (f64, f64)) {
        self.mouse("mousePressed", at, 1);
        self.mouse("mouseReleased", at, 1);
    }

    pub(crate) fn double_click(&mut self, at: (f64, f64)) {
        self.click(at);
        self.mouse("mousePressed", at, 2);
        self.mouse("mouseReleased", at, 2);
    }

    /// Presses, moves in steps, and stays pressed.
    pub(crate) fn drag(&mut self, from: (f64, f64), to: (f64, f64)) {
        self.mouse("mousePressed", from, 1);
        for step in 1..=5 {
            let part = f64::from(step) / 5.0;
            let at = (from.0 + (to.0 - from.0) * part, from.1 + (to.1 - from.1) * part);
            self.mouse("mouseMoved", at, 0);
        }
    }

    pub(crate) fn release(&mut self, at: (f64, f64)) {
        self.mouse("mouseReleased", at, 1);
    }

    pub(crate) fn wheel(&mut self, (x, y): (f64, f64), by: f64) {
        self.call(
            "Input.dispatchMouseEvent",
            json!({ "type": "mouseWheel", "x": x, "y": y, "deltaX": 0, "deltaY": by }),
        );
    }

    /// One key by its name, such as `Enter` or `/`.
    pub(crate) fn key(&mut self, key: &str) {
        let text = if key.chars().count() == 1 { key } else { "" };
        self.call("Input.dispatchKeyEvent", json!({ "type": "keyDown", "key": key, "text": text }));
        self.call("Input.dispatchKeyEvent", json!({ "type": "keyUp", "key": key }));
    }

    pub(crate) fn write(&mut self, text: &str) {
        for c in text.chars() {
            self.key(&c.to_string());
        }
    }

    /// A picture of the page, for people; `BP_SCREENSHOTS` names the folder.
    pub(crate) fn picture(&mut self, name: &str) {
        let Some(folder) = std::env::var_os("BP_SCREENSHOTS") else { return };
        let shot = self.call("Page.captureScreenshot", json!({ "format": "png" }));
        let text = shot["data"].as_str().expect("base64");
        let path = Path::new(&folder).join(format!("{name}.png"));
        std::fs::write(path, base64(text)).expect("written");
    }
}

/// Decodes standard base64.
fn base64(text: &str) -> Vec<u8> {
    let value = |c: u8| match c {
        b'A'..=b'Z' => Some(c - b'A'),
        b'a'..=b'z' => Some(c - b'a' + 26),
        b'0'..=b'9' => Some(c - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let (mut out, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for six in text.bytes().filter_map(value) {
        bits = (bits << 6) | u32::from(six);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push(u8::try_from((bits >> count) & 0xff).unwrap_or_default());
        }
    }
    out
}
