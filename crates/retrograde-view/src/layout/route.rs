//! Routes the lines between two columns: each value has its own track, so that no two lines share a segment.
//!
//! In the gap between two columns a value arrives in the row of its output, runs along one vertical track, and leaves in
//! the rows of its inputs. Tracks are columns: two values whose vertical segments overlap get two. If one value arrives in
//! the row in which another leaves, the first must turn off on a track further to the left. A cycle of these constraints is
//! broken by routing a value through a free row between two tracks (channel routing with doglegs; Deutsch 1976). Lines then
//! cross only at right angles.

/// One value in the gap: its arriving row, and its leaving rows.
#[derive(Debug)]
pub(super) struct Net {
    pub(super) source: usize,
    pub(super) targets: Vec<usize>,
}

/// The route of a net: straight, or vertical segments from left to right, each starting where the previous one ended.
#[derive(Debug, Default)]
pub(super) struct Route {
    pub(super) segments: Vec<Segment>,
}

/// A vertical segment on a track.
#[derive(Debug)]
pub(super) struct Segment {
    /// The track, counted from the left.
    pub(super) track: usize,
    /// The rows that it joins, the arriving one first.
    pub(super) rows: Vec<usize>,
}

/// The route of each net, and the number of tracks.
pub(super) fn route(nets: &[Net]) -> (Vec<Route>, usize) {
    let bent: Vec<usize> = (0..nets.len()).filter(|&net| nets[net].targets != [nets[net].source]).collect();
    let circular = circular(nets, &bent);
    let mut free = FreeRows::new(nets);
    // Left to right: the first halves of nets with a dogleg, whole nets, the second halves.
    let mut pieces: Vec<Piece> = Vec::new();
    for &net in &bent {
        let Net { source, targets } = &nets[net];
        if circular.contains(&net) {
            let between = free.take(*source, targets[0]);
            pieces.push(Piece { net, rows: vec![*source, between], rank: 0 });
            pieces.push(Piece {
                net,
                rows: std::iter::once(between).chain(targets.iter().copied()).collect(),
                rank: 2,
            });
        } else {
            let rows = std::iter::once(*source).chain(targets.iter().copied()).collect();
            pieces.push(Piece { net, rows, rank: 1 });
        }
    }
    let (tracks, count) = assign(&pieces);
    let mut routes: Vec<Route> = nets.iter().map(|_| Route::default()).collect();
    for (piece, track) in pieces.into_iter().zip(tracks) {
        routes[piece.net].segments.push(Segment { track, rows: piece.rows });
    }
    (routes, count)
}

struct Piece {
    net: usize,
    /// The arriving row, then the leaving ones.
    rows: Vec<usize>,
    /// Pieces of a lower rank are further to the left.
    rank: usize,
}

impl Piece {
    fn span(&self) -> (usize, usize) {
        let low = self.rows.iter().copied().fold(usize::MAX, usize::min);
        (low, self.rows.iter().copied().fold(0, usize::max))
    }

    /// Whether it must turn off before the other turns in: it arrives in a row in which the other leaves.
    fn before(&self, other: &Piece) -> bool {
        self.net != other.net && other.rows[1..].contains(&self.rows[0])
    }

    fn overlaps(&self, other: &Piece) -> bool {
        let ((low, high), (other_low, other_high)) = (self.span(), other.span());
        low <= other_high && other_low <= high
    }
}

/// The nets in a cycle of track constraints, or between two cycles.
fn circular(nets: &[Net], bent: &[usize]) -> Vec<usize> {
    let before = |a: usize, b: usize| a != b && nets[b].targets.contains(&nets[a].source);
    let mut left = bent.to_vec();
    loop {
        let count = left.len();
        let rest = left.clone();
        left.retain(|&net| {
            let follows = rest.iter().any(|&other| before(other, net));
            let leads = rest.iter().any(|&other| before(net, other));
            follows && leads
        });
        if left.len() == count {
            return left;
        }
    }
}

/// A track for each piece: as far to the left as its predecessors and overlapping pieces allow.
fn assign(pieces: &[Piece]) -> (Vec<usize>, usize) {
    // Parallel lines downwards do not cross if the lowest turns off first; upwards, if the highest does.
    let key = |piece: &Piece| {
        let down = piece.rows[1] > piece.rows[0];
        (piece.rank, if down { usize::MAX - piece.rows[0] } else { piece.rows[0] })
    };
    let mut waiting: Vec<usize> = (0..pieces.len()).collect();
    waiting.sort_by_key(|&piece| key(&pieces[piece]));
    let mut tracks: Vec<Option<usize>> = vec![None; pieces.len()];
    while !waiting.is_empty() {
        let ready = waiting
            .iter()
            .position(|&piece| !waiting.iter().any(|&other| pieces[other].before(&pieces[piece])))
            .expect("the circles were broken");
        let piece = waiting.remove(ready);
        // Not left of a lower rank: the first half of a net is left of its second.
        let after =
            |other: usize| pieces[other].before(&pieces[piece]) || pieces[other].rank < pieces[piece].rank;
        let placed = || (0..pieces.len()).filter_map(|other| Some((other, tracks[other]?)));
        let mut track =
            placed().filter(|&(other, _)| after(other)).map(|(_, track)| track + 1).max().unwrap_or(0);
        while placed().any(|(other, taken)| taken == track && pieces[other].overlaps(&pieces[piece])) {
            track += 1;
        }
        tracks[piece] = Some(track);
    }
    let tracks: Vec<usize> = tracks.into_iter().flatten().collect();
    let count = tracks.iter().map(|track| track + 1).max().unwrap_or(0);
    (tracks, count)
}

/// Rows of the gap in which no net arrives or leaves.
struct FreeRows {
    taken: Vec<usize>,
}

impl FreeRows {
    fn new(nets: &[Net]) -> Self {
        FreeRows {
            taken: nets.iter().flat_map(|net| net.targets.iter().copied().chain([net.source])).collect(),
        }
    }

    /// The free row nearest to the middle of two rows.
    fn take(&mut self, a: usize, b: usize) -> usize {
        let middle = usize::midpoint(a, b);
        let near = (0..).flat_map(|away| [middle.checked_sub(away), Some(middle + away)]).flatten();
        let row = { near }.find(|row| !self.taken.contains(row)).expect("rows go on downwards");
        self.taken.push(row);
        row
    }
}
