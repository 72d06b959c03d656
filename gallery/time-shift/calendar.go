package main

// The calendar is the Gregorian one for all years. Times are seconds since the
// first one of 0001-01-01, which was a Monday.

const (
	daySeconds  = 86400
	firstSecond = 0
	// endSecond is the first one of the year 10000.
	endSecond = 3652059 * daySeconds
	// cycleDays is the number of days in 400 years.
	cycleDays = 146097
)

func isLeap(year int64) bool { return year%4 == 0 && (year%100 != 0 || year%400 == 0) }

func daysIn(year, month int64) int64 {
	if month == 2 && isLeap(year) {
		return 29
	}
	return [...]int64{0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}[month]
}

// Years that begin in March have the leap day at their end. marchDay is the
// number of days from a 1st of March to the 1st of the month that comes that
// many months later.
func marchDay(months int64) int64 { return (months*153 + 2) / 5 }

// dayNumber counts the days since 0001-01-01.
func dayNumber(year, month, day int64) int64 {
	if month -= 3; month < 0 {
		year, month = year-1, month+12
	}
	return year*365 + year/4 - year/100 + year/400 + marchDay(month) + day - 1 - 306
}

// date is the inverse of dayNumber.
func date(days int64) (year, month, day int64) {
	days += 306
	cycle, rest := days/cycleDays, days%cycleDays
	inCycle := (rest - rest/1460 + rest/36524 - rest/146096) / 365
	rest -= inCycle*365 + inCycle/4 - inCycle/100
	month = (rest*5 + 2) / 153
	day = rest - marchDay(month) + 1
	year = cycle*400 + inCycle
	if month += 3; month > 12 {
		year, month = year+1, month-12
	}
	return year, month, day
}
