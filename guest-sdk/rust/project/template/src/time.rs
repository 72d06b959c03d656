//! Times of the form `2026-11-26T10:00:00Z`, in the Gregorian calendar.

/// The seconds since 0000-01-01T00:00:00Z; `None` if these bytes are no time.
pub fn parse(stamp: &[u8; 20]) -> Option<i64> {
    for (byte, form) in stamp.iter().zip(b"dddd-dd-ddTdd:dd:ddZ") {
        let fits = if *form == b'd' { byte.is_ascii_digit() } else { byte == form };
        if !fits {
            return None;
        }
    }
    let number = |from: usize, to: usize| {
        stamp[from..to].iter().fold(0, |number, digit| number * 10 + i64::from(digit - b'0'))
    };
    let (year, month, day) = (number(0, 4), number(5, 7), number(8, 10));
    let (hour, minute, second) = (number(11, 13), number(14, 16), number(17, 19));
    let is_there = (1..=12).contains(&month) && (1..=days_in(year, month)).contains(&day);
    if !is_there || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let days = days_before(year) + (1..month).map(|month| days_in(year, month)).sum::<i64>() + day - 1;
    Some(((days * 24 + hour) * 60 + minute) * 60 + second)
}

/// The text of a time; `None` if its year is outside of 0000 to 9999.
pub fn show(time: i64) -> Option<[u8; 20]> {
    let (mut day, second) = (time.div_euclid(86_400), time.rem_euclid(86_400));
    if !(0..days_before(10_000)).contains(&day) {
        return None;
    }
    let mut year = day / 366;
    while days_before(year + 1) <= day {
        year += 1;
    }
    day -= days_before(year);
    let mut month = 1;
    while day >= days_in(year, month) {
        day -= days_in(year, month);
        month += 1;
    }
    let mut stamp = *b"0000-00-00T00:00:00Z";
    let fields = [(0, 4, year), (5, 7, month), (8, 10, day + 1)];
    let clock = [(11, 13, second / 3600), (14, 16, second / 60 % 60), (17, 19, second % 60)];
    for (from, to, mut number) in fields.into_iter().chain(clock) {
        for digit in stamp[from..to].iter_mut().rev() {
            *digit = b"0123456789"[(number % 10) as usize];
            number /= 10;
        }
    }
    Some(stamp)
}

/// Days from 0000-01-01 to the first day of a year.
fn days_before(year: i64) -> i64 {
    year * 365 + (year + 3) / 4 - (year + 99) / 100 + (year + 399) / 400
}

fn days_in(year: i64, month: i64) -> i64 {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}
