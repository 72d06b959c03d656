// Anonymises the addresses in packet captures (pcap and pcapng), and keeps
// checksums as right or wrong as they were. README.md says what is changed.
//
//   aes.h        AES-128
//   addresses.h  Crypto-PAn, and hardware addresses
//   work.h       a window that is worked on; checksums
//   icmp.h       ICMP, ICMPv6, IGMP, MLD
//   ip.h         IPv4, IPv6, TCP, UDP
//   link.h       link layers, ARP, VLAN, MPLS, GRE
//   pcapng.h     the blocks of pcapng
#include "pcapng.h"

const runner_manifest runner_plugin = {
    .name = "pcap-anonymise",
    .version = "0.1.0",
    .summary = "Anonymises addresses in packet captures, prefix-preserving, with right checksums",
    .license = "Apache-2.0",
    .params = RUNNER_PARAMS(
        {"key", RUNNER_SECRET, "The key: 32 bytes as 64 hexadecimal digits", .required = true, .from_file = true},
        {"hardware", RUNNER_BOOLEAN, "Whether hardware (MAC) addresses are anonymised as well", .default_value = "true"},
        {"other", RUNNER_CHOICE, "What is done with what may hold addresses and is not understood",
         .default_value = "refuse", .choices = RUNNER_WORDS("refuse", "clear", "keep")}),
};

#define PCAP_HEADER 24
#define PCAP_RECORD 16
// The longest packet that libpcap makes or reads for these link types.
#define LONGEST_PACKET 262144

static bool is_pcapng;
static runner_order pcap_order;
static unsigned pcap_link;
static size_t count_packets, count_addresses, count_hardware, count_others;

static int digit(uint8_t byte) {
    if (byte >= '0' && byte <= '9') return byte - '0';
    byte |= 0x20;
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

static const char *read_key(void) {
    runner_bytes text = {0};
    runner_get_bytes("key", &text);
    while (text.length && (text.data[text.length - 1] == '\n' || text.data[text.length - 1] == '\r')) text.length--;
    uint8_t key[KEY_BYTES];
    if (text.length != 2 * KEY_BYTES) {
        return runner_fail("`key` has %zu characters, and must have 64 hexadecimal digits", text.length);
    }
    for (size_t i = 0; i < KEY_BYTES; i++) {
        const int high = digit(text.data[2 * i]), low = digit(text.data[2 * i + 1]);
        if (high < 0 || low < 0) return runner_fail("`key` must have hexadecimal digits alone");
        key[i] = (uint8_t)(16 * high + low);
    }
    set_key(key);
    return NULL;
}

static void read_parameters(void) {
    const char *word = "refuse";
    runner_get_text("other", &word);
    others_are = strcmp(word, "clear") == 0 ? CLEAR : strcmp(word, "keep") == 0 ? KEEP : REFUSE;
    runner_get_boolean("hardware", &hides_hardware);
}

// The global header of pcap: magic, version, two unused numbers, the longest
// packet, the link type.
static const char *begin_pcap(runner_job *job, const uint8_t *head, size_t length) {
    if (length < PCAP_HEADER) return runner_fail_at(length, "the header of the capture is cut short");
    const uint64_t major = runner_number(head + 4, 2, pcap_order);
    if (major != 2) return runner_fail_at(4, "version %d of pcap is unknown", (int)major);
    const uint32_t link = (uint32_t)runner_number(head + 20, 4, pcap_order);
    if (link & 0x04000000 && link >> 28) {
        return runner_fail_at(20, "frames with a check sequence cannot be changed");
    }
    pcap_link = link & 0xffff;
    if (!is_known_link(pcap_link)) {
        return runner_fail_at(20, "packets of link type %u cannot be read, so their addresses would stay", pcap_link);
    }
    runner_job_length_prefixed(job, PCAP_HEADER, 8, 4, pcap_order, 4);
    runner_job_check(job, 8, 4, pcap_order, 0, LONGEST_PACKET);
    return NULL;
}

static const char *begin_capture(runner_job *job) {
    const runner_bytes head = runner_get_file()->head;
    const uint32_t magic = head.length < 4 ? 0 : load_be32(head.data);
    is_pcapng = magic == SECTION;
    memset(&section, 0, sizeof section);
    if (head.length == 0) { // nothing to do
        runner_job_bytes(job);
        return NULL;
    }
    switch (magic) {
    case SECTION:
        runner_job_sequential(job);
        return NULL;
    case 0xa1b2c3d4: case 0xa1b23c4d:
        pcap_order = RUNNER_BIG;
        return begin_pcap(job, head.data, head.length);
    case 0xd4c3b2a1: case 0x4d3cb2a1:
        pcap_order = RUNNER_LITTLE;
        return begin_pcap(job, head.data, head.length);
    default:
        return runner_fail_at(0, "this is neither pcap nor pcapng");
    }
}

const char *runner_begin(runner_job *job) {
    const char *failure = read_key();
    if (failure) return failure;
    read_parameters();
    job->length_preserving = job->deterministic = true;
    count_packets = runner_job_count(job, "packets");
    count_addresses = runner_job_count(job, "addresses");
    count_hardware = runner_job_count(job, "hardware-addresses");
    count_others = runner_job_count(job, "not-understood");
    return begin_capture(job);
}

static void pcap_records(work *w, const runner_window *window) {
    runner_record record = {0};
    while (!w->failure && runner_next_length_prefixed(window, 8, 4, pcap_order, 4, &record)) {
        if (record.length > PCAP_RECORD) {
            packet(w, pcap_link, record.start + PCAP_RECORD, record.start + record.length);
        }
    }
}

static const char *pcapng_blocks(work *w, const runner_window *window) {
    const size_t consumed = blocks(w, window->length);
    if (w->failure) return w->failure;
    if (window->last && consumed < window->length) {
        return runner_fail_at(consumed, "the last block is cut short by the end of the file");
    }
    runner_consumed(consumed);
    runner_replace_all(w->new, consumed);
    return NULL;
}

const char *runner_transform(const runner_window *window) {
    work w = {.old = window->bytes, .new = runner_alloc(window->length)};
    memcpy(w.new, window->bytes, window->length);
    if (is_pcapng) {
        const char *failure = pcapng_blocks(&w, window);
        if (failure) return failure;
    } else {
        pcap_records(&w, window);
        if (w.failure) return w.failure;
        runner_replace_all(w.new, window->length);
    }
    runner_count(count_packets, w.packets);
    runner_count(count_addresses, w.addresses);
    runner_count(count_hardware, w.hardware);
    runner_count(count_others, w.others);
    return NULL;
}
