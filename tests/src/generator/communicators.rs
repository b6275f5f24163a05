//! Communicators: how they are made, and who is in them.

use super::script::Script;

/// How one is made from another; numbers are raw.
#[derive(Debug, Clone, Copy)]
pub struct Derivation {
    /// The constructor.
    pub how: How,
    /// The parent.
    pub parent: u32,
    /// Colours, keys, members.
    pub choice: u32,
}

/// Constructors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// MPI_Comm_dup.
    Dup,
    /// MPI_Comm_idup.
    Idup,
    /// MPI_Comm_split.
    Split,
    /// MPI_Comm_split_type.
    SplitType,
    /// MPI_Comm_create.
    Create,
    /// MPI_Comm_create_group.
    CreateGroup,
    /// MPI_Cart_create.
    Cart,
    /// MPI_Cart_sub.
    CartSub,
    /// MPI_Graph_create.
    Graph,
    /// MPI_Dist_graph_create_adjacent.
    DistGraph,
    /// MPI_Intercomm_create between two halves of MPI_COMM_WORLD.
    Inter,
    /// MPI_Intercomm_merge.
    Merge,
}

/// All constructors.
pub const ALL: [How; 12] = [
    How::Dup,
    How::Idup,
    How::Split,
    How::SplitType,
    How::Create,
    How::CreateGroup,
    How::Cart,
    How::CartSub,
    How::Graph,
    How::DistGraph,
    How::Inter,
    How::Merge,
];

/// A communicator, or several that were made by one call.
#[derive(Debug, Clone)]
pub struct Communicator {
    /// Its number in the script.
    pub slot: usize,
    /// The communicators of that number.
    pub parts: Vec<Part>,
}

/// One communicator; ranks are those of MPI_COMM_WORLD.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Part {
    /// Its ranks in order; of an intercommunicator, one of the groups.
    pub local: Vec<usize>,
    /// The other group of an intercommunicator, else empty.
    pub remote: Vec<usize>,
    /// Rows and columns of a Cartesian one.
    pub grid: Option<(usize, usize)>,
}

impl Part {
    /// An intracommunicator.
    pub fn of(local: Vec<usize>) -> Part {
        Part { local, ..Part::default() }
    }

    /// All its ranks.
    pub fn members(&self) -> impl Iterator<Item = usize> {
        self.local.iter().chain(&self.remote).copied()
    }

    /// Whether it is an intercommunicator.
    pub fn is_inter(&self) -> bool {
        !self.remote.is_empty()
    }

    /// The rank in its own group.
    pub fn rank_of(&self, world: usize) -> usize {
        let find = |group: &[usize]| group.iter().position(|&rank| rank == world);
        find(&self.local).or_else(|| find(&self.remote)).unwrap_or(0)
    }
}

impl Communicator {
    /// MPI_COMM_WORLD and MPI_COMM_SELF.
    pub fn predefined(ranks: usize) -> Vec<Communicator> {
        let world = Communicator { slot: 0, parts: vec![Part::of((0..ranks).collect())] };
        let own = Communicator { slot: 1, parts: (0..ranks).map(|rank| Part::of(vec![rank])).collect() };
        vec![world, own]
    }

    /// A duplicate of number `slot`.
    pub fn dup(&self, script: &mut Script, thread: Option<usize>, slot: usize) -> Communicator {
        let copy = Communicator { slot, parts: self.parts.clone() };
        for rank in self.members() {
            script.line(rank, thread, format!("comm dup slot={slot} parent={}", self.slot));
        }
        copy.confirm(script, thread, self);
        copy
    }

    /// Ranks that have such a communicator.
    pub fn members(&self) -> impl Iterator<Item = usize> {
        self.parts.iter().flat_map(Part::members)
    }

    /// Has every rank of `parent` compare what it got with the model.
    fn confirm(&self, script: &mut Script, thread: Option<usize>, parent: &Communicator) {
        for rank in parent.members() {
            let expected = match self.parts.iter().find(|part| part.members().any(|member| member == rank)) {
                None => "size=0".to_owned(),
                Some(part) => {
                    let (own, other) = if part.local.contains(&rank) {
                        (part.local.len(), part.remote.len())
                    } else {
                        (part.remote.len(), part.local.len())
                    };
                    format!("size={own} rank={} remote={other}", part.rank_of(rank))
                }
            };
            script.line(rank, thread, format!("members - slot={} {expected}", self.slot));
        }
    }
}

/// Makes all communicators of a case.
pub fn derive(script: &mut Script, ranks: usize, derivations: &[Derivation]) -> Vec<Communicator> {
    let mut made = Communicator::predefined(ranks);
    let mut slot = 2;
    for derivation in derivations {
        let parent = suitable(&made, derivation).clone();
        let choice = derivation.choice as usize;
        if derivation.how == How::Inter {
            let halves = halves(script, slot, ranks, choice);
            let between = between(script, slot + 1, &halves);
            made.extend([halves, between]);
            slot += 2;
            continue;
        }
        let mut child = Communicator { slot, parts: Vec::new() };
        for part in &parent.parts {
            let lines = Lines { slot, parent: parent.slot };
            child.parts.extend(lines.derive(script, part, derivation.how, choice));
        }
        child.confirm(script, None, &parent);
        made.push(child);
        slot += 1;
    }
    made.retain(|communicator| !communicator.parts.is_empty());
    made
}

/// The parent: one of the kind that the constructor needs, or any.
fn suitable<'a>(made: &'a [Communicator], derivation: &Derivation) -> &'a Communicator {
    let fits: Vec<&Communicator> = made
        .iter()
        .filter(|communicator| match derivation.how {
            How::Merge => communicator.parts.iter().all(Part::is_inter),
            How::CartSub => communicator.parts.iter().all(|part| part.grid.is_some()),
            How::Dup => true,
            _ => !communicator.parts.iter().any(Part::is_inter),
        })
        .filter(|communicator| !communicator.parts.is_empty())
        .collect();
    fits.get(derivation.parent as usize % fits.len().max(1)).copied().unwrap_or(&made[0])
}

fn halves(script: &mut Script, slot: usize, ranks: usize, choice: usize) -> Communicator {
    let cut = 1 + choice % (ranks - 1).max(1);
    for rank in 0..ranks {
        script.line(
            rank,
            None,
            format!("comm split slot={slot} parent=0 color={} key={rank}", usize::from(rank >= cut)),
        );
    }
    let parts = [(0..cut).collect(), (cut..ranks).collect::<Vec<usize>>()];
    Communicator { slot, parts: parts.into_iter().filter(|part| !part.is_empty()).map(Part::of).collect() }
}

fn between(script: &mut Script, slot: usize, halves: &Communicator) -> Communicator {
    let [first, second] = halves.parts.as_slice() else { return Communicator { slot, parts: Vec::new() } };
    for (own, other) in [(first, second), (second, first)] {
        for &rank in &own.local {
            let leader = other.local[0];
            script.line(rank, None, format!("comm inter slot={slot} parent={} leader={leader} tag=7", halves.slot));
        }
    }
    let part = Part { local: first.local.clone(), remote: second.local.clone(), grid: None };
    let made = Communicator { slot, parts: vec![part] };
    made.confirm(script, None, halves);
    made
}

/// The numbers of a new communicator and its parent.
#[derive(Clone, Copy)]
struct Lines {
    slot: usize,
    parent: usize,
}

impl Lines {
    /// Every rank of the parent's part makes the call.
    fn all(self, script: &mut Script, part: &Part, how: &str, arguments: impl Fn(usize, usize) -> String) {
        for rank in part.members() {
            let own = arguments(rank, part.rank_of(rank));
            script.line(rank, None, format!("comm {how} slot={} parent={}{own}", self.slot, self.parent));
        }
    }

    /// What one part of the parent becomes.
    fn derive(self, script: &mut Script, part: &Part, how: How, choice: usize) -> Vec<Part> {
        let same = || vec![Part { grid: None, ..part.clone() }];
        let nothing = |_, _| String::new();
        match how {
            How::Idup => self.all(script, part, "idup", nothing),
            How::Graph => self.all(script, part, "graph", nothing),
            How::DistGraph => self.all(script, part, "dist_graph", nothing),
            How::Split => return self.split(script, part, choice),
            How::SplitType => {
                let sign = if choice % 2 == 1 { -1 } else { 1 };
                self.all(script, part, "split_type", |_, own| format!(" key={}", sign * own as i64));
                let mut local = part.local.clone();
                if sign < 0 {
                    local.reverse();
                }
                return vec![Part::of(local)];
            }
            How::Create | How::CreateGroup => return self.create(script, part, how, choice),
            How::Cart => return self.cart(script, part, choice),
            How::CartSub if part.grid.is_some() => return self.cart_sub(script, part, choice),
            How::Merge if part.is_inter() => {
                let first_is_high = choice % 2 == 1;
                self.all(script, part, "merge", |rank, _| {
                    format!(" high={}", u8::from(part.local.contains(&rank) == first_is_high))
                });
                let (low, high) = if first_is_high { (&part.remote, &part.local) } else { (&part.local, &part.remote) };
                return vec![Part::of([low.as_slice(), high].concat())];
            }
            _ => self.all(script, part, "dup", nothing),
        }
        same()
    }

    /// By remainders, in the parent's or in reverse order; a third of the splits leave some ranks out.
    fn split(self, script: &mut Script, part: &Part, choice: usize) -> Vec<Part> {
        let colors = 1 + choice % 3;
        let (reverse, partial) = (choice / 3 % 2 == 1, colors > 1 && (choice / 6).is_multiple_of(3));
        let color = |own: usize| own % colors;
        let keep = |color: usize| !partial || color > 0;
        self.all(script, part, "split", |_, own| {
            let key = if reverse { -(own as i64) } else { own as i64 };
            if keep(color(own)) { format!(" color={} key={key}", color(own)) } else { String::new() }
        });
        let members = |wanted: usize| {
            let mut local: Vec<usize> = part.local.iter().copied().skip(wanted).step_by(colors).collect();
            if reverse {
                local.reverse();
            }
            local
        };
        (0..colors).filter(|&color| keep(color)).map(members).filter(|local| !local.is_empty()).map(Part::of).collect()
    }

    fn create(self, script: &mut Script, part: &Part, how: How, choice: usize) -> Vec<Part> {
        let mut chosen: Vec<usize> = (0..part.local.len()).filter(|index| choice >> index & 1 == 1).collect();
        if chosen.is_empty() {
            chosen = (0..part.local.len()).collect();
        }
        if choice.is_multiple_of(3) {
            chosen.reverse();
        }
        let ranks = chosen.iter().map(usize::to_string).collect::<Vec<_>>().join(",");
        let local: Vec<usize> = chosen.into_iter().map(|index| part.local[index]).collect();
        if how == How::Create {
            self.all(script, part, "create", |_, _| format!(" ranks={ranks}"));
        } else {
            let members = Part::of(part.local.iter().copied().filter(|rank| local.contains(rank)).collect());
            self.all(script, &members, "create_group", |_, _| format!(" ranks={ranks} tag={}", self.slot));
        }
        vec![Part::of(local)]
    }

    /// Two dimensions; ranks beyond the grid get none.
    fn cart(self, script: &mut Script, part: &Part, choice: usize) -> Vec<Part> {
        let size = part.local.len();
        let rows = 1 + choice % size.min(3);
        let columns = size / rows;
        self.all(script, part, "cart", |_, _| format!(" dims={rows},{columns}"));
        vec![Part { grid: Some((rows, columns)), ..Part::of(part.local[..rows * columns].to_vec()) }]
    }

    /// Rows or columns of a grid.
    fn cart_sub(self, script: &mut Script, part: &Part, choice: usize) -> Vec<Part> {
        let Some((rows, columns)) = part.grid else { return Vec::new() };
        let along_columns = choice % 2 == 1;
        self.all(script, part, "cart_sub", |_, _| format!(" keep={}", if along_columns { "1,0" } else { "0,1" }));
        let row = |row: usize| part.local[row * columns..(row + 1) * columns].to_vec();
        let column = |column: usize| part.local.iter().copied().skip(column).step_by(columns).collect();
        if along_columns {
            (0..columns).map(column).map(Part::of).collect()
        } else {
            (0..rows).map(row).map(Part::of).collect()
        }
    }
}
