//! The cost model: what a message, a collective and an address space cost, fitted to what was measured, and what that makes of a
//! node with more ranks. Nothing here is measured; every curve has its assumptions beside it.

use serde::Serialize;

use super::fit::{Fit, Growth, Shape, fit, sum};
use super::record::{Record, What};
use crate::stats::median;

/// The parameters.
#[derive(Clone, Debug, Serialize)]
pub struct Model {
    /// A cache line from core to core, in microseconds: measured.
    pub hand_off_us: Option<f64>,
    /// Per rival.
    pub rivals: Vec<Costs>,
}

/// What things cost under a rival.
#[derive(Clone, Debug, Serialize)]
pub struct Costs {
    /// A message alone: latency(m) = hand-off + software + (rendezvous, from a size on) + m / bandwidth.
    pub message: Option<Latency>,
    /// A message in a window: 1 / rate(m) = software + m / bandwidth. Coefficients: us, us per byte.
    pub window: Option<Fit>,
    /// How measures of oversubscribed ranks grow.
    pub growth: Vec<(What, Option<Growth>)>,
}

/// The fit of latencies.
#[derive(Clone, Debug, Serialize)]
pub struct Latency {
    /// Software time of a message without its copy, in microseconds: sender, receiver, and lines beyond the first.
    pub software_us: f64,
    /// What a long message costs besides, in microseconds.
    pub rendezvous_us: f64,
    /// From this size on, in bytes.
    pub rendezvous_from: f64,
    /// GB/s (10^9) of the copy.
    pub copy_gbs: f64,
    /// The largest relative error.
    pub deviation: f64,
}

impl Model {
    /// Fits the parameters.
    pub fn of(record: &Record) -> Self {
        // Half a round trip, in microseconds.
        let hand_off_us = median(&record.round_trips()).map(|ns| ns / 2e3);
        let costs = |rival: usize| Costs {
            message: hand_off_us.and_then(|hand_off| latency(&record.message_medians(rival, false), hand_off)),
            window: window(&record.message_medians(rival, true)),
            growth: What::ALL.into_iter().map(|what| (what, growth(record, rival, what))).collect(),
        };
        Self { hand_off_us, rivals: (0..record.rivals.len()).map(costs).collect() }
    }
}

/// How a measure grows. Times: where there are more ranks than cores, for up to the cores they are another story.
fn growth(record: &Record, rival: usize, what: What) -> Option<Growth> {
    let is_time = what.unit() == "us";
    let mut points = record.medians(rival, what);
    points.retain(|(ranks, _)| !is_time || *ranks > record.machine.cores as f64);
    let is_memory = matches!(what, What::PageTables | What::Anonymous);
    Growth::of(&points, if is_memory { &Shape::OF_MEMORY } else { &Shape::OF_TIMES })
}

/// Fits latencies by size, in microseconds; the size from which a message is a long one is the power of two that fits best.
pub fn latency(points: &[(f64, f64)], hand_off_us: f64) -> Option<Latency> {
    let values: Vec<f64> = points.iter().map(|point| point.1 - hand_off_us).collect();
    let with = |from: f64| {
        let terms: Vec<Vec<f64>> = points.iter().map(|point| vec![1.0, f64::from(point.0 >= from), point.0]).collect();
        let found = fit(&terms, &values)?;
        let predicted = terms.iter().map(|terms| sum(terms, &found.coefficients) + hand_off_us);
        let deviation = predicted.zip(points).map(|(value, point)| (value / point.1 - 1.0).abs()).fold(0.0, f64::max);
        let [software_us, rendezvous_us, per_byte] = found.coefficients[..] else { return None };
        // us per byte: a thousandth of it is ns per byte, and GB/s are bytes per ns.
        (per_byte > 0.0).then(|| Latency {
            software_us,
            rendezvous_us,
            rendezvous_from: from,
            copy_gbs: 1e-3 / per_byte,
            deviation,
        })
    };
    let thresholds = (9..=20).map(|power| f64::from(power).exp2());
    thresholds.filter_map(with).min_by(|a, b| a.deviation.total_cmp(&b.deviation))
}

/// Fits the times of messages in windows, from million messages per second by size.
pub fn window(points: &[(f64, f64)]) -> Option<Fit> {
    let terms: Vec<Vec<f64>> = points.iter().map(|point| vec![1.0, point.0]).collect();
    let values: Vec<f64> = points.iter().map(|point| 1.0 / point.1).collect();
    fit(&terms, &values)
}

/// A curve that the model predicts.
#[derive(Clone, Debug)]
pub struct Prediction {
    /// The title of its plot.
    pub title: &'static str,
    /// The unit, on the axis.
    pub unit: &'static str,
    /// What has to be true for it.
    pub assumptions: &'static str,
    /// Per rival: values by ranks; empty where a parameter is missing.
    pub curves: Vec<Vec<(f64, f64)>>,
}

/// The ranks of the predictions.
pub const RANKS: [f64; 5] = [64.0, 128.0, 256.0, 512.0, 1024.0];

/// Memory that all ranks share in the prediction of page tables.
const SHARED: f64 = (1u64 << 30) as f64;
/// An entry of 8 bytes for each 4 KiB page.
const TABLES_PER_BYTE: f64 = 8.0 / 4096.0;

/// Everything that is predicted.
pub fn predictions(model: &Model) -> Vec<Prediction> {
    let curves = |value: &dyn Fn(&Costs, usize, f64) -> Option<f64>| -> Vec<Vec<(f64, f64)>> {
        let curve = |(rival, costs): (usize, &Costs)| {
            RANKS.iter().filter_map(|&ranks| Some((ranks, value(costs, rival, ranks)?))).collect()
        };
        model.rivals.iter().enumerate().map(curve).collect()
    };
    let short = |costs: &Costs| Some(model.hand_off_us? + costs.message.as_ref()?.software_us);
    let long = |costs: &Costs, bytes: f64| {
        let message = costs.message.as_ref()?;
        let rendezvous = if bytes >= message.rendezvous_from { message.rendezvous_us } else { 0.0 };
        Some(short(costs)? + rendezvous + bytes / 1e3 / message.copy_gbs)
    };
    let growth = |costs: &Costs, what: What, ranks: f64| {
        let found = costs.growth.iter().find(|(grown, _)| *grown == what)?.1.as_ref()?;
        Some(found.at(ranks))
    };
    vec![
        Prediction {
            title: "Latency of 8 B between two of n ranks, a core each",
            unit: "microseconds",
            assumptions: "hand-off + software time of a message. Every rank has a core of its own that spins; all pairs of cores are as far \
                apart as the two measured; looking for messages costs the same for any number of peers (PiP: at most 16 mailboxes are \
                looked into, beyond that a bit per sender).",
            curves: curves(&|costs, _, _| short(costs)),
        },
        Prediction {
            title: "Allreduce of 8 B on n ranks, a core each",
            unit: "microseconds",
            assumptions: "log₂ n steps of recursive doubling, each the latency of 8 B as above, by either library; no step waits for a rank \
                that the system has taken its core from.",
            curves: curves(&|costs, _, ranks| Some(ranks.log2() * short(costs)?)),
        },
        Prediction {
            title: "Alltoall of 64 KiB on n ranks, a core each",
            unit: "microseconds",
            assumptions: "n - 1 messages of 64 KiB one after the other: hand-off, software, rendezvous, copy. All cores copy at once at the rate \
                that one pair had alone: the memory of a real node will not give that to hundreds, so this is a lower bound.",
            curves: curves(&|costs, _, ranks| Some((ranks - 1.0) * long(costs, 65536.0)?)),
        },
        Prediction {
            title: "Messages of 8 B from n/2 ranks to n/2 ranks, a core each",
            unit: "million messages per second",
            assumptions: "n/2 times the rate of one pair: pairs share neither lines nor locks, and the links between caches are never full.",
            curves: curves(&|costs, _, ranks| Some(ranks / 2.0 / costs.window.as_ref()?.coefficients[0])),
        },
        Prediction {
            title: "Page tables of n ranks after MPI_Init",
            unit: "MiB",
            assumptions: "What was fitted to the measured numbers of ranks, a part for the job, one for each rank and one for each pair, goes on, up to 16 \
                times beyond them. No shared memory of the application.",
            curves: curves(&|costs, _, ranks| Some(growth(costs, What::PageTables, ranks)? / 1024.0)),
        },
        Prediction {
            title: "Page tables of n ranks that all touch 1 GiB of shared memory",
            unit: "MiB",
            assumptions: "The curve before, and 8 bytes for each page of 4 KiB: once for the one address space of PiP's ranks, n times for the \
                address spaces of processes. No huge pages.",
            curves: curves(&|costs, rival, ranks| {
                let spaces = if rival == crate::rivals::PIP { 1.0 } else { ranks };
                Some(
                    growth(costs, What::PageTables, ranks)? / 1024.0
                        + spaces * SHARED * TABLES_PER_BYTE / f64::from(1 << 20),
                )
            }),
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn parameters_of_made_up_latencies_are_found(
            hand_off in 0.02..0.3_f64, software in 0.02..1.0_f64, rendezvous in 0.5..3.0_f64, power in 12..17_i32, gbs in 5.0..100.0_f64,
        ) {
            let from = f64::from(power).exp2();
            let value = |size: f64| hand_off + software + f64::from(size >= from) * rendezvous + size / 1e3 / gbs;
            let points: Vec<(f64, f64)> = (0..23).map(|power| f64::from(power).exp2()).map(|size| (size, value(size))).collect();
            let found = latency(&points, hand_off).expect("fits");
            prop_assert_eq!(found.rendezvous_from, from);
            for (found, made_up) in [(found.software_us, software), (found.rendezvous_us, rendezvous), (found.copy_gbs, gbs)] {
                prop_assert!((found / made_up - 1.0).abs() < 1e-3, "{} {}", found, made_up);
            }
        }

        #[test]
        fn parameters_of_made_up_rates_are_found(software in 0.02..1.0_f64, gbs in 5.0..100.0_f64) {
            let points: Vec<(f64, f64)> =
                (0..14).map(|power| f64::from(power).exp2()).map(|size| (size, 1.0 / (software + size / 1e3 / gbs))).collect();
            let found = window(&points).expect("fits");
            prop_assert!((found.coefficients[0] / software - 1.0).abs() < 1e-6);
            prop_assert!((1e-3 / found.coefficients[1] / gbs - 1.0).abs() < 1e-3);
        }
    }

    #[test]
    fn what_was_not_measured_is_not_predicted() {
        let costs = Costs { message: None, window: None, growth: Vec::new() };
        let model = Model { hand_off_us: None, rivals: vec![costs.clone(), costs] };
        assert!(predictions(&model).iter().all(|prediction| prediction.curves.iter().all(Vec::is_empty)));
        assert!(latency(&[], 0.1).is_none() && window(&[]).is_none());
    }
}
