// Sets owner, group and times in tar archives to fixed values, so that archives
// tell nothing of who made them and when. README.md says what is changed.
//
//   header.hpp  the fields of a header
//   pax.hpp     the records of a pax header
#include "pax.hpp"

namespace {

// The greatest numbers that octal digits in the fields can hold.
constexpr int64_t most_id = 07777777, most_time = 077777777777;
// A pax header that says it is longer is taken for other bytes.
constexpr uint64_t most_pax_bytes = 16 << 20;

constexpr uint64_t padded(uint64_t bytes) { return (bytes + block_bytes - 1) / block_bytes * block_bytes; }

class TarScrub {
public:
    static constexpr runner::Manifest manifest = {
        .name = "tar-scrub",
        .version = "0.1.0",
        .summary = "Sets owner, group and times in tar archives to fixed values",
        .license = "Apache-2.0",
        .params = {
            {.name = "uid", .kind = runner::Kind::integer, .doc = "The user's number", .default_value = "0"},
            {.name = "gid", .kind = runner::Kind::integer, .doc = "The group's number", .default_value = "0"},
            {.name = "uname", .kind = runner::Kind::text, .doc = "The user's name", .default_value = ""},
            {.name = "gname", .kind = runner::Kind::text, .doc = "The group's name", .default_value = ""},
            {.name = "mtime", .kind = runner::Kind::integer, .doc = "The time of modification, in seconds since 1970", .default_value = "0"},
            {.name = "keep", .kind = runner::Kind::choice, .doc = "What stays as it is", .repeats = true,
             .choices = {"uid", "gid", "uname", "gname", "mtime"}},
        },
    };

    runner::Result begin(const runner::Params &params, const runner::File &file, runner::Job &job) {
        for (runner::Value word : params.all("keep")) keep_.emplace_back(word.bytes());
        for (auto [name, to, most] : {Number{"uid", &uid_, most_id}, {"gid", &gid_, most_id}, {"mtime", &mtime_, most_time}}) {
            *to = params.integer(name).value_or(0);
            if (*to < 0 || *to > most) return runner::fail("`%s` must be from 0 to %lld", name, static_cast<long long>(most));
        }
        uname_ = params.text("uname").value_or("");
        gname_ = params.text("gname").value_or("");
        if (std::max(uname_.size(), gname_.size()) >= field::uname.length) {
            return runner::fail("`uname` and `gname` may have up to %zu bytes", field::uname.length - 1);
        }
        file_bytes_ = file.size;
        job.sequential().deterministic().idempotent();
        members_ = job.count("members");
        changed_ = job.count("changed-headers");
        removed_ = job.count("removed-records");
        return {};
    }

    // Goes from header to header. What lies between is skipped: unseen, if the
    // file's length is known, and so a member that is cut short is found.
    runner::Result transform(const runner::Window &window, runner::Edits &edits) {
        for (;;) {
            const uint64_t at = next_ - window.offset();
            if (at > window.size()) {
                if (window.last()) return cut(window.size());
                edits.consumed(file_bytes_ ? at : window.size());
                return {};
            }
            const std::string_view rest = window.bytes().substr(at);
            if (rest.size() < block_bytes) {
                if (window.last() && !all_zero(rest)) return runner::fail_at(at, "the last block is cut short");
                edits.consumed(window.last() ? window.size() : at);
                return {};
            }
            bool needs_more = false;
            if (auto failure = block(rest, at, edits, needs_more)) return failure;
            if (file_bytes_ && next_ > *file_bytes_) return cut(at);
            if (needs_more && window.last()) return cut(at);
            if (needs_more) {
                edits.consumed(at);
                return {};
            }
        }
    }

private:
    struct Number {
        const char *name;
        int64_t *to, most;
    };

    bool keeps(std::string_view name) const { return std::find(keep_.begin(), keep_.end(), name) != keep_.end(); }

    static runner::Result cut(size_t at) {
        return runner::fail_at(at, "the archive is cut short: a member is longer than what is left of the file");
    }

    // Deals with the block at the start of `rest`, and moves `next_` after it and
    // what belongs to it.
    runner::Result block(std::string_view rest, size_t at, runner::Edits &edits, bool &needs_more) {
        const auto bytes = rest.substr(0, block_bytes);
        if (in_map_) { // of a sparse file: 21 entries, and whether there are more
            in_map_ = bytes[field::is_extended_again] != 0;
            next_ += block_bytes + (in_map_ ? 0 : padded(body_));
            return {};
        }
        if (all_zero(bytes)) { // the end, unless another archive follows
            next_ += block_bytes;
            return {};
        }
        const Header header(bytes);
        if (!header.is_whole()) {
            return runner::fail_at(at, "%s", next_ == 0 ? "this is no tar archive: the checksum of the first header is wrong "
                                                          "(`-z` changes what is in a compressed file)"
                                                        : "the checksum of a header is wrong");
        }
        const auto size = header.number(field::size);
        if (!size || *size >> 62) return runner::fail_at(at + field::size.at, "the size of a member is no number");
        if (header.type() == 'x' || header.type() == 'g' || header.type() == 'X') {
            return pax(header, rest, at, *size, edits, needs_more);
        }
        member(header, *size);
        edits.count(members_);
        Header scrubbed = header;
        scrub(scrubbed);
        write(header, scrubbed, at, edits);
        return {};
    }

    // What follows the header of a member. A pax header may have given its size;
    // a hard link has no content, whatever it says.
    void member(const Header &header, uint64_t size) {
        const bool is_long_name = header.type() == 'L' || header.type() == 'K';
        if (!is_long_name) {
            size = size_.value_or(all_size_.value_or(size));
            size_.reset();
        }
        if (header.type() == '1') size = 0;
        next_ += block_bytes;
        in_map_ = header.is_extended();
        body_ = size;
        if (!in_map_) next_ += padded(size);
    }

    runner::Result pax(const Header &header, std::string_view rest, size_t at, uint64_t size, runner::Edits &edits, bool &needs_more) {
        if (size > most_pax_bytes) return runner::fail_at(at + field::size.at, "a pax header of more than 16 MiB");
        const size_t whole = block_bytes + padded(size);
        if (file_bytes_ && next_ + whole > *file_bytes_) return cut(at);
        needs_more = rest.size() < whole;
        if (needs_more) return {};
        const auto body = rest.substr(block_bytes, size);
        const Records records = filter_records(body, [&](std::string_view key) { return is_removed(key); });
        if (records.wrong) return runner::fail_at(at + block_bytes + *records.wrong, "a record of a pax header is malformed");
        if (records.size) (header.type() == 'g' ? all_size_ : size_) = records.size;
        next_ += whole;
        edits.count(removed_, records.removed);
        if (records.removed && records.kept.empty()) {
            edits.erase(at, at + whole);
            return {};
        }
        Header scrubbed = header;
        scrub(scrubbed);
        if (records.removed) scrubbed.set_number(field::size, records.kept.size());
        write(header, scrubbed, at, edits);
        if (records.removed) {
            std::string filled = records.kept;
            filled.resize(padded(filled.size()));
            edits.replace(at + block_bytes, at + whole, filled);
        }
        return {};
    }

    bool is_removed(std::string_view key) const {
        for (const char *name : {"uid", "gid", "uname", "gname", "mtime"}) {
            if (key == name) return !keeps(name);
        }
        for (const char *name : {"atime", "ctime", "LIBARCHIVE.creationtime", "SCHILY.dev", "SCHILY.ino", "SCHILY.nlink"}) {
            if (key == name) return true;
        }
        return false;
    }

    void scrub(Header &header) const {
        if (!keeps("uid")) header.set_number(field::uid, static_cast<uint64_t>(uid_));
        if (!keeps("gid")) header.set_number(field::gid, static_cast<uint64_t>(gid_));
        if (!keeps("mtime")) header.set_number(field::mtime, static_cast<uint64_t>(mtime_));
        if (header.is_gnu() || header.is_ustar()) {
            if (!keeps("uname")) header.set_text(field::uname, uname_);
            if (!keeps("gname")) header.set_text(field::gname, gname_);
        }
        if (header.is_gnu()) {
            header.set_text(field::gnu_atime, "");
            header.set_text(field::gnu_ctime, "");
        }
        if (header.is_star()) {
            header.set_number(field::star_atime, 0);
            header.set_number(field::star_ctime, 0);
        }
    }

    // Writes what has changed, and then the checksum.
    void write(const Header &old, Header &scrubbed, size_t at, runner::Edits &edits) const {
        if (old.bytes() == scrubbed.bytes()) return;
        scrubbed.set_checksum();
        const auto before = old.bytes(), after = scrubbed.bytes();
        size_t start = 0, end = block_bytes;
        while (before[start] == after[start]) start++;
        while (before[end - 1] == after[end - 1]) end--;
        edits.replace(at + start, at + end, after.substr(start, end - start));
        edits.count(changed_);
    }

    int64_t uid_ = 0, gid_ = 0, mtime_ = 0;
    std::string uname_, gname_;
    std::vector<std::string> keep_;
    std::optional<uint64_t> file_bytes_;
    size_t members_ = 0, changed_ = 0, removed_ = 0;

    // Where the next header, or the next block of a map, begins in the file.
    uint64_t next_ = 0;
    // Whether it is of the map of a sparse file, and the size of what follows.
    bool in_map_ = false;
    uint64_t body_ = 0;
    // What pax headers have said of the next member, and of all that follow.
    std::optional<uint64_t> size_, all_size_;
};

} // namespace

RUNNER_PLUGIN(TarScrub)
