//! What an event is followed by: descriptors whose number is used again, connections with both ends.

mod incident;

use afterimage_format::file::Trace;
use afterimage_query::check::TimeZone;
use afterimage_query::follow::{Chunk, Direction, Followed, MOVES_DATA, Target, chunks, lifetime, target_of};
use afterimage_query::row::SegmentRows;
use afterimage_query::{EventRow, Filter, Position, Query, TraceContext};
use incident::{READ, Recorded, Recorder, WRITE};
use std::ops::ControlFlow;

struct Opened {
    trace: Trace,
    context: TraceContext,
}

impl Opened {
    fn of(recorded: &Recorded) -> Opened {
        let trace = Trace::open(&recorded.path).expect("the trace opens");
        let context = TraceContext::new(&trace, TimeZone::Utc);
        Opened { trace, context }
    }

    /// The event that moved this data.
    fn event(&self, data: &str) -> Position {
        let all = self.found(MOVES_DATA, Query::default());
        let found = all.iter().find(|chunk| chunk.data == data.as_bytes());
        found.unwrap_or_else(|| panic!("nothing moved {data}")).position
    }

    fn found(&self, condition: &str, query: Query<'_>) -> Vec<Chunk> {
        let filter = Filter::compile(condition, &self.context.settings()).expect("a condition");
        let query = Query {
            filter: Some(&filter),
            ..query
        };
        let mut all = Vec::new();
        chunks(&self.trace, &self.context, &query, &|| false, |chunk| {
            all.push(chunk);
            ControlFlow::Continue(())
        });
        all
    }

    fn followed(&self, at: Position) -> Followed {
        let segment = self.trace.segment(at.segment).expect("a segment");
        let rows = SegmentRows::new(&self.context, segment);
        let target = target_of(&EventRow::new(&rows, at.row)).expect("a descriptor");
        lifetime(&self.trace, &self.context, target, at, &|| false).expect("not cancelled")
    }

    /// What is shown where the event that moved `data` is followed.
    fn around(&self, data: &str) -> Vec<String> {
        let followed = self.followed(self.event(data));
        let all = self.found(&followed.condition(), followed.within(Query::default()));
        let shown = |chunk: &Chunk| {
            let arrow = if chunk.direction == Direction::Read { '<' } else { '>' };
            format!("{}{arrow}{}", chunk.pid, String::from_utf8_lossy(&chunk.data))
        };
        all.iter().map(shown).collect()
    }
}

fn recorder() -> Recorder {
    let mut r = Recorder::new();
    r.container(5, "web").at(1).attach(1001, "sh", 5);
    r
}

#[test]
fn a_number_that_is_used_again_is_not_mixed_in() {
    let mut r = recorder();
    r.at(2).open(1001, 3, "/a", READ).read(1001, 3, "first").close(1001, 3);
    r.segment_before_none();
    r.at(3).open(1001, 3, "/b", READ).read(1001, 3, "second");
    r.segment_before_none();
    r.at(4).read(1001, 3, "third").segment();
    r.at(5).open(1001, 3, "/c", READ).read(1001, 3, "fourth");
    r.at(6).fork(1001, 1002).read(1002, 3, "child");
    let opened = Opened::of(&r.seal());
    assert_eq!(opened.around("first"), ["1001<first"]);
    assert_eq!(opened.around("second"), ["1001<second", "1001<third"]);
    assert_eq!(opened.around("third"), ["1001<second", "1001<third"]);
    assert_eq!(opened.around("fourth"), ["1001<fourth"]);
    assert_eq!(opened.around("child"), ["1002<child"]);
    for data in ["second", "third"] {
        let Followed { span, .. } = opened.followed(opened.event(data));
        let number = |data| {
            let at = opened.event(data);
            opened.trace.segment(at.segment).expect("a segment").num(at.row)
        };
        assert_eq!(span.first.map(|(first, _)| first), Some(number("second") - 1));
        assert_eq!(span.last.map(|(last, _)| last), Some(number("third")));
    }
}

#[test]
fn a_process_id_that_is_used_again_is_not_mixed_in() {
    let mut r = recorder();
    r.at(2)
        .fork(1001, 1002)
        .open(1002, 3, "/a", WRITE)
        .write(1002, 3, "old")
        .exit(1002, 0);
    r.at(3)
        .fork(1001, 1002)
        .open(1002, 4, "/b", WRITE)
        .write(1002, 4, "x")
        .write(1002, 4, "new");
    let opened = Opened::of(&r.seal());
    assert_eq!(opened.around("old"), ["1002>old"]);
    assert_eq!(opened.around("new"), ["1002>x", "1002>new"]);
}

#[test]
fn a_connection_has_both_ends_and_ends_where_the_next_begins() {
    let (client, server) = ("10.0.0.5:40000", "10.0.0.5:80");
    let mut r = recorder();
    r.at(2).fork(1001, 1002);
    r.at(3).connect(1002, 3, client, server).accept(1001, 4, server, client);
    r.at(4)
        .write(1002, 3, "GET")
        .at(5)
        .read(1001, 4, "GET")
        .write(1001, 4, "OK");
    r.at(6).read(1002, 3, "OK");
    r.at(7).close(1002, 3).close(1001, 4).segment();
    r.at(8).connect(1002, 3, client, server).accept(1001, 4, server, client);
    r.at(9).write(1002, 3, "PUT").at(10).read(1001, 4, "PUT");
    let opened = Opened::of(&r.seal());
    assert_eq!(opened.around("GET"), ["1002>GET", "1001<GET", "1001>OK", "1002<OK"]);
    assert_eq!(opened.around("OK"), opened.around("GET"));
    assert_eq!(opened.around("PUT"), ["1002>PUT", "1001<PUT"]);
}

#[test]
fn a_connection_that_is_older_than_the_trace_ends_where_the_next_begins() {
    let (client, server) = ("10.0.0.5:40000", "10.0.0.6:80");
    let mut r = recorder();
    r.at(2).connect(1001, 3, client, server).segment();
    r.at(3).write(1001, 3, "one").close(1001, 3);
    r.at(4).connect(1001, 3, client, server).write(1001, 3, "two");
    let opened = Opened::of(&r.seal());
    let at = opened.event("one");
    let target = Target::Connection(format!("{client}->{server}").into_bytes());
    let followed = lifetime(&opened.trace, &opened.context, target.clone(), at, &|| false).expect("not cancelled");
    assert_eq!(
        opened
            .found(&followed.condition(), followed.within(Query::default()))
            .len(),
        1
    );
    assert_eq!(lifetime(&opened.trace, &opened.context, target, at, &|| true), None);
}

#[test]
fn chunks_say_what_lacks_and_can_be_cancelled() {
    let mut r = recorder();
    r.at(2).open(1001, 3, "/a", READ).read(1001, 3, "first").segment();
    r.at(3).read(1001, 3, "second");
    let opened = Opened::of(&r.seal());
    let all = opened.found(MOVES_DATA, Query::default());
    assert_eq!(all.len(), 2);
    assert_eq!(
        all[1].position,
        Position::of(&opened.trace, all[1].number).expect("a place")
    );
    assert_eq!((all[1].position.segment, all[1].fd, all[1].lacks()), (1, Some(3), 0));
    assert_eq!(all[1].name.as_deref(), Some(&b"/a"[..]));
    assert_eq!(Position::of(&opened.trace, 1_000_000), None);
    let query = Query::default();
    let outcome = chunks(&opened.trace, &opened.context, &query, &|| true, |_| {
        ControlFlow::Continue(())
    });
    assert_eq!(outcome.matched, 0);
}
