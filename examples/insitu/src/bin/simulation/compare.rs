//! What the couplings cost the solver: all of them in one run, in turn, so that they meet the same state of the machine, and
//! compared by medians of what neighbours in time took.

use crate::options::Options;
use crate::run::Run;
use crate::store::Store;
use anyhow::Result;
use insitu::Coupling;
use insitu::segment::Place;
use std::time::Duration;

/// Between two turns: the analysis finishes the step that it has, which is not the next one's cost.
const PAUSE: Duration = Duration::from_millis(25);

/// Runs the stores, one per coupling in the order of [`Coupling::ALL`], in turn and prints the comparison.
pub fn run(run: &mut Run, stores: &mut [Store], segments: &[Place]) -> Result<()> {
    let rounds = run.options.rounds;
    // At least one step that is shown per turn.
    let turn = (run.options.steps / rounds).max(run.options.every).next_multiple_of(run.options.every);
    // First the memory of a coupling has to come back into the caches, which is not its cost.
    let warm_up = run.options.every;
    let end = (turn + warm_up) * rounds * stores.len() as u64;
    let mut times = vec![Vec::new(); stores.len()];
    let mut last = 0;
    for round in 0..rounds as usize {
        for turn_of in 0..stores.len() {
            // The order changes: who comes after whom must not matter.
            let now = (round + turn_of) % stores.len();
            let coupling = Coupling::ALL[now];
            if now != last {
                let [from, to] = stores.get_disjoint_mut([last, now])?;
                to.continue_from(from)?;
            }
            run.announce(coupling, segments, false)?;
            std::thread::sleep(PAUSE);
            let what = format!("{}, round {} of {rounds}", coupling.name(), round + 1);
            run.advance(&mut stores[now], warm_up, &what, end)?;
            let time = run.advance(&mut stores[now], turn, &what, end)?;
            times[now].push(time.as_secs_f64() * 1e6 / turn as f64);
            last = now;
        }
    }
    run.announce(Coupling::Off, segments, true)?;
    if run.ring.rank == 0 {
        print(run, stores, &times, turn);
    }
    Ok(())
}

fn print(run: &Run, stores: &[Store], times: &[Vec<f64>], turn: u64) {
    let Options { size, every, rounds, .. } = run.options;
    let ranks = run.ring.size;
    println!("{size} x {size} points, {ranks} ranks; {rounds} turns of {turn} steps for each coupling, medians;");
    println!("the analysis sees one step in {every}, two arrays of {:.1} MiB.", (size * size * 8) as f64 / 1048576.0);
    println!("           copies  us per step  overhead, middle half of it  us to show a step");
    for (index, (coupling, store)) in Coupling::ALL.into_iter().zip(stores).enumerate() {
        let (name, time) = (coupling.name(), quantile(&times[index], 0.5));
        if index == 0 {
            println!("{name:<10} {:>19.1}", time);
            continue;
        }
        // Of neighbours in time, so that a slow moment hits both.
        let ratios: Vec<f64> = times[index].iter().zip(&times[0]).map(|(t, alone)| 100.0 * (t / alone - 1.0)).collect();
        let [low, middle, high] = [0.25, 0.5, 0.75].map(|part| quantile(&ratios, part));
        let spent = store.spent.as_secs_f64() * 1e6 / store.shown.max(1) as f64;
        let copies = index - 1;
        println!("{name:<10} {copies:>6}  {time:>11.1}  {middle:>6.1} %  {low:>6.1} to {high:>5.1} %  {spent:>17.1}");
    }
}

/// The value below which this part of the values lies; between two of them linearly.
fn quantile(values: &[f64], part: f64) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let at = part * (values.len() - 1) as f64;
    let (below, above) = (values[at.floor() as usize], values[at.ceil() as usize]);
    below + (above - below) * at.fract()
}

#[cfg(test)]
mod tests {
    use super::quantile;

    #[test]
    fn quantiles() {
        assert_eq!(quantile(&[3.0, 1.0, 2.0], 0.5), 2.0);
        assert_eq!(quantile(&[4.0, 1.0, 2.0, 3.0], 0.5), 2.5);
        assert_eq!((quantile(&[1.0, 2.0, 3.0], 0.0), quantile(&[1.0, 2.0, 3.0], 1.0)), (1.0, 3.0));
    }
}
