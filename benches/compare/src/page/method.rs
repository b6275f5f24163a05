//! How it was measured, and what was not.

use crate::plot::escaped;
use crate::record::Record;
use crate::report::without_ratio;
use crate::rivals::Rival;
use crate::rivals::library::Library;
use crate::stats::compare;

/// `stock: MPICH 4.0.2 ...` in lines.
pub fn libraries(rivals: &[Rival]) -> String {
    let line = |rival: &Rival| {
        let library = rival.library.as_ref().map_or_else(String::new, Library::short);
        format!("<b>{}</b>: {}, {}", escaped(&rival.name), escaped(&rival.title), escaped(&library))
    };
    rivals.iter().map(line).collect::<Vec<_>>().join("<br/>\n")
}

/// The last sections.
pub fn method(record: &Record) -> String {
    format!("{}{}", missing(record), explanation(record))
}

/// What was not measured, and what failed.
fn missing(record: &Record) -> String {
    let mut items: Vec<String> = Vec::new();
    items.extend(
        record
            .absent
            .iter()
            .map(|absent| format!("{} ({}): {}", escaped(&absent.name), escaped(&absent.title), escaped(&absent.why))),
    );
    items.extend(record.missing.iter().map(|missing| escaped(missing)));
    let few = without_ratio(record, &compare(record));
    if !few.is_empty() {
        items.push(format!("too few runs of both stock and PiP in every state: {}", escaped(&few)));
    }
    let mut text = String::new();
    if !items.is_empty() {
        let items: String = items.iter().map(|item| format!("<li>{item}</li>\n")).collect();
        text += &format!("<h2 class=\"flow\">Not measured</h2>\n<ul>\n{items}</ul>\n");
    }
    if !record.results.failures.is_empty() {
        text += "<h2 class=\"flow\">Failed</h2>\n";
    }
    for failed in &record.results.failures {
        let (name, rival) = (&record.benchmarks[failed.benchmark].name, &record.rivals[failed.rival].name);
        text += &format!(
            "<p>{} under {}: {}. <code>{}</code></p>\n<pre>{}</pre>\n",
            escaped(name),
            escaped(rival),
            escaped(&failed.trouble),
            escaped(&failed.command),
            escaped(failed.stderr.trim_end())
        );
    }
    text
}

fn explanation(record: &Record) -> String {
    let rival = |rival: &Rival| {
        let library = rival.library.as_ref();
        format!(
            "<tr><td class=\"name\">{}</td><td class=\"name\">{}</td><td class=\"name\"><code>{}</code></td></tr>\n",
            escaped(&rival.name),
            escaped(&library.map_or_else(String::new, |library| format!(
                "{} ({})",
                library.version,
                library.file.display()
            ))),
            escaped(&rival.settings())
        )
    };
    let test = |test: &crate::record::Test| {
        format!(
            "<tr><td class=\"name\">{}</td><td class=\"name\"><code>{} {}</code></td></tr>\n",
            escaped(&test.name),
            escaped(&test.program),
            escaped(&test.arguments)
        )
    };
    format!(
        "<h2 class=\"flow\">How it was measured</h2>\n\
         <p>In each round every benchmark runs once under every library, in random order (seed {}), so that drift of the machine meets \
         all of them. Programs and arguments are the same for all; 2 ranks, on cores {} and {} if the launcher binds them. Values \
         are medians of the runs in the same state of the machine, with quartiles and the number of runs.</p>\n\
         <p>Runs during which other programs, or the host of a virtual machine, used more than {} of a core count for nothing.</p>\n\
         <p>A ratio says how many times better PiP is: the median of the quotients of all pairs of runs, with the interval that the \
         rank test of Mann and Whitney does not reject at 5 %. <i>Too few</i>: so few runs (PiP's, the other's) have no such interval. \
         <i>Close</i>: the interval holds 1, the runs spread more than they differ. Of many lines one in twenty may be wrong by \
         chance. Benchmarks print hundredths of a microsecond, and latencies below 0.1 us are that coarse.</p>\n\
         <p>In the tables: the median; the quartiles and the number of runs; ▲ how many times better PiP is, or ▼ below 1 worse; its \
         interval.</p>\n\
         <p>Limits, measured in the same run without MPI: <i>hand-off</i>, half a round trip of a cache line between the cores; \
         <i>copy</i>, copying a message that has not changed since the last copy into a warm buffer, by one core or by both, at its \
         fastest.</p>\n\
         <div class=\"wide\"><table class=\"numbers\"><thead><tr><th class=\"name\">name</th><th class=\"name\">library</th>\
         <th class=\"name\">settings and launcher</th></tr></thead><tbody>\n{}</tbody></table></div>\n\
         <div class=\"wide\"><table class=\"numbers\"><thead><tr><th class=\"name\">benchmark</th><th class=\"name\">program</th></tr></thead>\
         <tbody>\n{}</tbody></table></div>\n",
        record.seed,
        record.cores.0,
        record.cores.1,
        crate::load::MOST,
        record.rivals.iter().map(rival).collect::<String>(),
        record.benchmarks.iter().map(test).collect::<String>(),
    )
}
