//! Captures made by hand, for what the corpus does not have.

/// A capture that is being made.
pub(crate) struct Capture(pub(crate) Vec<u8>);

impl Capture {
    /// A section and a machine.
    pub(crate) fn new() -> Capture {
        let mut capture = Capture(Vec::new());
        let mut section = Vec::new();
        section.extend(0x1A2B_3C4Du32.to_le_bytes());
        section.extend([1, 0, 2, 0]);
        section.extend(u64::MAX.to_le_bytes());
        capture.block(0x0A0D_0D0A, &section);
        let mut machine = Vec::new();
        machine.extend(4u32.to_le_bytes());
        machine.extend([0; 16]);
        let mut host = b"host".to_vec();
        host.resize(128, 0);
        machine.extend(host);
        machine.extend([0; 32]);
        capture.block(0x201, &machine);
        capture
    }

    /// A block; the body is padded.
    pub(crate) fn block(&mut self, ty: u32, body: &[u8]) -> &mut Self {
        let padded = body.len().next_multiple_of(4);
        let length = (padded + 12) as u32;
        self.0.extend(ty.to_le_bytes());
        self.0.extend(length.to_le_bytes());
        self.0.extend(body);
        self.0.resize(self.0.len() + padded - body.len(), 0);
        self.0.extend(length.to_le_bytes());
        self
    }

    /// An event in a block of type `ty`.
    pub(crate) fn event_in(&mut self, ty: u32, time: u64, tid: i64, code: u16, params: &[&[u8]]) -> &mut Self {
        let flags = matches!(ty, 0x208 | 0x217 | 0x222);
        let counted = !matches!(ty, 0x204 | 0x208);
        let large = matches!(ty, 0x221 | 0x222);
        let mut rest = Vec::new();
        for param in params {
            if large {
                rest.extend((param.len() as u32).to_le_bytes());
            } else {
                rest.extend((param.len() as u16).to_le_bytes());
            }
        }
        params.iter().for_each(|param| rest.extend(*param));
        let mut body = 1u16.to_le_bytes().to_vec();
        if flags {
            body.extend(0u32.to_le_bytes());
        }
        let head = if counted { 26 } else { 22 };
        body.extend(time.to_le_bytes());
        body.extend(tid.to_le_bytes());
        body.extend((head + rest.len() as u32).to_le_bytes());
        body.extend(code.to_le_bytes());
        if counted {
            body.extend((params.len() as u32).to_le_bytes());
        }
        body.extend(rest);
        self.block(ty, &body)
    }

    /// An event as they are written today.
    pub(crate) fn event(&mut self, time: u64, tid: i64, code: u16, params: &[&[u8]]) -> &mut Self {
        self.event_in(0x216, time, tid, code, params)
    }

    /// A process list of any version with one process.
    pub(crate) fn process(&mut self, version: u8, tid: i64, ptid: i64, comm: &str) -> &mut Self {
        let mut e = Vec::new();
        let text = |e: &mut Vec<u8>, text: &[u8]| {
            e.extend((text.len() as u16).to_le_bytes());
            e.extend(text);
        };
        for id in [tid, tid, ptid] {
            e.extend(id.to_le_bytes());
        }
        if version >= 6 {
            e.extend(7i64.to_le_bytes());
        }
        if version >= 8 {
            e.extend(8i64.to_le_bytes());
        }
        text(&mut e, comm.as_bytes());
        text(&mut e, b"/bin/exe");
        if version >= 7 {
            text(&mut e, b"/usr/bin/exe");
        }
        text(&mut e, b"-a\0-b\0");
        text(&mut e, b"/home");
        e.extend(1024u64.to_le_bytes());
        for id in [0u32, 1000, 1001] {
            e.extend(id.to_le_bytes());
        }
        if version >= 2 {
            e.extend([0; 28]);
        }
        if version >= 3 {
            text(&mut e, b"A=b\0");
        }
        if version >= 4 {
            e.extend(5i64.to_le_bytes());
            e.extend(6i64.to_le_bytes());
            text(&mut e, b"cpu=/\0memory=/x\0");
        }
        if version >= 5 {
            text(&mut e, b"/");
        }
        let mut body = Vec::new();
        if version >= 9 {
            // Beginning of the namespace, terminal, login; and something of the future.
            e.extend(0u64.to_le_bytes());
            e.extend(34816u32.to_le_bytes());
            e.extend(1000u32.to_le_bytes());
            e.extend([0; 100]);
            body.extend((e.len() as u32 + 4).to_le_bytes());
        }
        body.extend(e);
        let types = [0x202, 0x207, 0x209, 0x210, 0x211, 0x212, 0x213, 0x214, 0x215];
        self.block(types[usize::from(version) - 1], &body)
    }
}
