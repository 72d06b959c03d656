// The header of a member of a tar archive: 512 bytes of fields.
#pragma once
#include "runner/runner.hpp"

#include <algorithm>

constexpr size_t block_bytes = 512;

// A field: where it begins, and its length.
struct Field {
    size_t at, length;
};

namespace field {
constexpr Field uid{108, 8}, gid{116, 8}, size{124, 12}, mtime{136, 12}, checksum{148, 8}, type{156, 1}, magic{257, 8},
    uname{265, 32}, gname{297, 32};
// Only in the formats of GNU and of star.
constexpr Field gnu_atime{345, 12}, gnu_ctime{357, 12}, gnu_is_extended{482, 1};
constexpr Field star_atime{476, 12}, star_ctime{488, 12}, star_magic{508, 4};
// In a block that continues the map of a sparse file.
constexpr size_t is_extended_again = 504;
} // namespace field

inline bool all_zero(std::string_view bytes) {
    return std::all_of(bytes.begin(), bytes.end(), [](char byte) { return byte == 0; });
}

// A number: octal digits between blanks, or big-endian with the first bit set.
// None if it is neither, negative, or greater than an int64_t.
inline std::optional<uint64_t> parse_number(std::string_view bytes) {
    uint64_t number = 0;
    const auto first = static_cast<uint8_t>(bytes[0]);
    if (first & 0x80) {
        if (first != 0x80) return std::nullopt;
        for (char byte : bytes.substr(1)) {
            if (number >> 55) return std::nullopt;
            number = number << 8 | static_cast<uint8_t>(byte);
        }
        return number;
    }
    size_t at = 0;
    while (at < bytes.size() && bytes[at] == ' ') at++;
    for (; at < bytes.size() && bytes[at] >= '0' && bytes[at] <= '7'; at++) number = number << 3 | (bytes[at] - '0');
    for (; at < bytes.size(); at++) {
        if (bytes[at] != ' ' && bytes[at] != 0) return std::nullopt;
    }
    return number;
}

// A header that is changed.
class Header {
public:
    explicit Header(std::string_view block) { std::copy(block.begin(), block.end(), bytes_.begin()); }

    std::string_view bytes() const { return {bytes_.data(), bytes_.size()}; }
    std::string_view get(Field field) const { return bytes().substr(field.at, field.length); }
    std::optional<uint64_t> number(Field field) const { return parse_number(get(field)); }
    char type() const { return bytes_[field::type.at]; }
    bool is_gnu() const { return get(field::magic) == std::string_view("ustar  \0", 8); }
    bool is_ustar() const { return get(field::magic).substr(0, 6) == std::string_view("ustar\0", 6); }
    bool is_star() const { return is_ustar() && get(field::star_magic) == std::string_view("tar\0", 4); }
    bool is_extended() const { return type() == 'S' && is_gnu() && bytes_[field::gnu_is_extended.at] != 0; }

    // Whether the checksum is right. Some old programs added up signed bytes.
    bool is_whole() const {
        const auto stored = number(field::checksum);
        return stored && (*stored == sum<uint8_t>() || *stored == sum<int8_t>());
    }

    // A number that fits: octal digits and a zero.
    void set_number(Field field, uint64_t number) {
        bytes_[field.at + field.length - 1] = 0;
        for (size_t at = field.at + field.length - 1; at-- > field.at; number >>= 3) {
            bytes_[at] = static_cast<char>('0' + (number & 7));
        }
    }
    // A text that fits, followed by zeros.
    void set_text(Field field, std::string_view text) {
        std::fill_n(bytes_.begin() + field.at, field.length, 0);
        std::copy(text.begin(), text.end(), bytes_.begin() + field.at);
    }
    // Six octal digits, a zero and a blank.
    void set_checksum() {
        set_number({field::checksum.at, 7}, sum<uint8_t>());
        bytes_[field::checksum.at + 7] = ' ';
    }

private:
    // The sum of all bytes, with blanks in place of the checksum.
    template <class Byte> uint64_t sum() const {
        int64_t sum = 0;
        for (size_t i = 0; i < block_bytes; i++) {
            const bool is_checksum = i >= field::checksum.at && i < field::checksum.at + field::checksum.length;
            sum += is_checksum ? ' ' : static_cast<Byte>(bytes_[i]);
        }
        return static_cast<uint64_t>(sum);
    }

    std::array<char, block_bytes> bytes_;
};
