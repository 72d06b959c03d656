// Uses every part of the contract, in the same way as the plugin `conform` of
// every other language, so that their answers can be compared byte by byte. It
// is of no other use.
#include <algorithm>
#include <string>

#include "runner/runner.hpp"

namespace {

using runner::Kind, runner::Order;

class Conform {
public:
    static constexpr runner::Manifest manifest = {
        .name = "conform",
        .version = "1.0.0",
        .summary = "Uses every part of the contract",
        .license = "Apache-2.0",
        .params =
            {
                {.name = "framing", .kind = Kind::choice, .doc = "Where records end", .default_value = "lines",
                 .choices = {"lines", "bytes", "quoted", "fields", "fixed", "length-prefixed", "overlapping", "sequential"}},
                {.name = "text", .kind = Kind::text, .doc = "A text", .default_value = "hi"},
                {.name = "number", .kind = Kind::integer, .doc = "A number", .default_value = "7"},
                {.name = "flag", .kind = Kind::boolean, .doc = "A truth", .default_value = "true"},
                {.name = "data", .kind = Kind::bytes, .doc = "Some bytes", .default_value = "\\x00\\xff"},
                {.name = "word", .kind = Kind::secret, .doc = "A secret"},
                {.name = "many", .kind = Kind::text, .doc = "Texts", .repeats = true},
                {.name = "file", .kind = Kind::text, .doc = "The content of a file", .from_file = true},
            },
        .tables = {{.name = "notes", .doc = "Any bytes"}},
        .seed = true,
    };

    runner::Result begin(const runner::Params &params, const runner::File &file, runner::Job &job) {
        framing = params.text("framing").value_or("");
        const std::string size = file.size ? std::to_string(*file.size) : "stream";
        runner::log(runner::Level::debug, "size " + size + ", head " + std::to_string(file.head.size()));
        if (const size_t hash = file.head.find('#'); hash != file.head.npos) {
            return runner::fail_at(hash, "the head has a #");
        }
        // name=value for each parameter, in the order in which they came, then
        // the seed and the table.
        for (const runner::Value value : params.all()) {
            if (value.name() == "framing") continue;
            told.append(value.name()) += '=';
            switch (value.kind()) {
            case Kind::integer: told += std::to_string(value.integer()); break;
            case Kind::boolean: told += value.boolean() ? "yes" : "no"; break;
            default: told += value.bytes();
            }
            told += '|';
        }
        told += file.seed ? "seed=" + std::to_string(*file.seed) + "|" : "no seed|";
        if (const auto notes = runner::Table::open("notes")) {
            told += "notes[" + std::to_string(notes->size()) + "]=";
            told += notes->read(1, 5);
        } else {
            told += "no notes";
        }
        if (framing == "lines") {
            job.lines().literals_any_case({"a=", "b="}).regex("c=[0-9]+").literals({"!", "?", "@"});
            job.show_all().show_empty().text().deterministic();
            job.count("first");
            job.count("second");
        } else if (framing == "bytes") {
            job.bytes().ranges({{0, 4}, {8, 12}}).length_preserving();
        } else if (framing == "quoted") {
            job.quoted('\n', '"').literals({"x"});
        } else if (framing == "fields") {
            job.quoted('\n', '"').project(',', {0, 2});
        } else if (framing == "fixed") {
            job.fixed(4, 8).length_preserving().idempotent();
        } else if (framing == "length-prefixed") {
            job.length_prefixed(2, 1, 2, Order::big, 1).check(0, 1, Order::little, 1, 9);
        } else if (framing == "overlapping") {
            job.overlapping(2, 3);
        } else {
            job.sequential();
        }
        return {};
    }

    runner::Result transform(const runner::Window &window, runner::Edits &edits) {
        const std::string_view bytes = window.bytes();
        if (framing == "lines") return lines(window, edits);
        if (framing == "bytes") { // `x` becomes `y`.
            for (size_t at = 0; at < bytes.size(); at++) {
                if (bytes[at] == 'x') edits.replace(at, at + 1, "y");
            }
        } else if (framing == "quoted") { // The number of bytes before each record that has an `x`.
            for (const auto record : window.quoted('\n', '"')) {
                if (record.bytes.find('x') == record.bytes.npos) continue;
                edits.insert(record.start, std::to_string(record.bytes.size()) + ":");
            }
        } else if (framing == "fields") { // Its index and its length in place of each field.
            for (const auto field : window.fields()) {
                edits.replace(field.start, field.end(), "<" + std::to_string(field.field) + ":" + std::to_string(field.bytes.size()) + ">");
            }
        } else if (framing == "fixed") { // The first byte of each record as the last one, too.
            for (const auto record : window.fixed(8)) {
                edits.replace(record.end() - 1, record.end(), record.bytes.substr(0, 1));
            }
        } else if (framing == "length-prefixed") { // The length of each record, modulo 10, in its first byte.
            for (const auto record : window.length_prefixed(1, 2, Order::big, 1)) {
                *edits.replace_room(record.start, record.start + 1, 1) = static_cast<char>(record.bytes.size() % 10);
            }
        } else if (framing == "overlapping") { // `abc` is deleted; so is an `x` between two blanks.
            for (size_t at = window.owned_start(); at < window.owned_end(); at++) {
                if (bytes.substr(at).starts_with("abc")) {
                    edits.erase(at, at + 3);
                    at += 2;
                } else if (at > 0 && bytes.substr(at - 1).starts_with(" x ")) {
                    edits.erase(at, at + 1);
                }
            }
        } else { // Every whole group of four bytes is turned round, and the rest deleted.
            const size_t whole = bytes.size() / 4 * 4;
            for (size_t start = 0; start < whole; start += 4) {
                std::string group(bytes.substr(start, 4));
                std::reverse(group.begin(), group.end());
                edits.replace(start, start + 4, group);
            }
            if (window.last()) edits.erase(whole, bytes.size());
            edits.consumed(window.last() ? bytes.size() : whole);
        }
        return {};
    }

private:
    // Says at the start of each line which prefilters matched, and does what a
    // line asks for.
    runner::Result lines(const runner::Window &window, runner::Edits &edits) {
        if (window.first() && window.last() && window.size() == 0) {
            edits.insert(0, "empty");
            return {};
        }
        for (const auto line : window.lines()) {
            if (line.ids) {
                constexpr std::string_view digits = "0123456789abcdef"; // there are three prefilters
                edits.insert(line.start, std::string{digits[line.ids & 15], ' '});
            }
            edits.count(0, line.ids & 1);
            edits.count(1, line.ids >> 1 & 1);
            for (size_t i = 0; i < line.bytes.size(); i++) {
                const size_t at = line.start + i;
                if (line.bytes[i] == '!') return runner::fail_at(at, "bang");
                if (line.bytes[i] == '?') runner::log(runner::Level::warn, "asked");
                if (line.bytes[i] == '@' && i > 0) edits.replace(at, at + 1, told);
            }
        }
        return {};
    }

    std::string_view framing;
    std::string told; // what the marker `@` becomes
};

} // namespace

RUNNER_PLUGIN(Conform)
