//! The ranges of the file that a job names.

use std::ops::Range;

use runner_contract::Job;

/// Whether the job needs any byte of a range. Where it does not, nobody needs to
/// be asked.
pub(crate) fn is_needed(job: &Job, range: &Range<u64>) -> bool {
    job.ranges.is_none() || !needed(job, range.clone()).is_empty()
}

/// The parts of a window that the job needs.
pub(super) fn needed(job: &Job, window: Range<u64>) -> Vec<Range<u64>> {
    let Some(ranges) = &job.ranges else { return vec![window] };
    let first = ranges.partition_point(|range| range.end <= window.start);
    let within = ranges[first..].iter().take_while(|range| range.start < window.end);
    within.map(|range| range.start.max(window.start)..range.end.min(window.end)).collect()
}

#[cfg(test)]
mod tests {
    use runner_contract::Framing;

    use super::*;

    #[test]
    fn only_what_the_job_names_is_needed() {
        let job = Job::new(Framing::Bytes).ranges([3..5, 5..6, 9..12]);
        assert_eq!(needed(&job, 0..20), [3..5, 5..6, 9..12]);
        assert_eq!(needed(&job, 4..10), [4..5, 5..6, 9..10]);
        assert!(!is_needed(&job, &(0..3)) && !is_needed(&job, &(6..9)) && !is_needed(&job, &(12..20)));
        assert!(is_needed(&job, &(2..4)) && is_needed(&job, &(11..20)));
        assert!(!is_needed(&Job::new(Framing::Bytes).ranges([]), &(0..20)));
        assert!(is_needed(&Job::new(Framing::Bytes), &(0..20)));
    }
}
