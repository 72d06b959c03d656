// The records of a pax header: `LENGTH KEY=VALUE\n`, where the length counts the
// record with itself.
#pragma once
#include "header.hpp"

#include <string>
#include <vector>

// The decimal number that is all of a text, if it is one and fits an int64_t.
inline std::optional<uint64_t> parse_decimal(std::string_view text) {
    if (text.empty() || text.size() > 18) return std::nullopt;
    uint64_t number = 0;
    for (char digit : text) {
        if (digit < '0' || digit > '9') return std::nullopt;
        number = number * 10 + static_cast<uint64_t>(digit - '0');
    }
    return number;
}

struct Records {
    std::string kept;
    size_t removed = 0;
    std::optional<uint64_t> size; // of the member that follows
    // Where a record begins that is none.
    std::optional<size_t> wrong;
};

// Leaves out the records with keys for which `is_removed` is true.
template <class Predicate> Records filter_records(std::string_view body, Predicate is_removed) {
    Records records;
    size_t at = 0;
    while (at < body.size()) {
        const auto rest = body.substr(at);
        const size_t blank = std::min(rest.find(' '), rest.size());
        const auto length = parse_decimal(rest.substr(0, blank));
        const bool fits = length && *length > blank + 1 && *length <= rest.size() && rest[*length - 1] == '\n';
        const auto record = fits ? rest.substr(0, *length) : std::string_view();
        const size_t equals = record.find('=');
        if (equals == std::string_view::npos || equals <= blank) {
            records.wrong = at;
            break;
        }
        const auto key = record.substr(blank + 1, equals - blank - 1);
        const auto value = record.substr(equals + 1, record.size() - equals - 2);
        if (key == "size") records.size = parse_decimal(value);
        if (key == "size" && !records.size) records.wrong = at;
        if (is_removed(key)) records.removed++;
        else records.kept += record;
        at += record.size();
    }
    return records;
}
