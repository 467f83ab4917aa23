// eft-bench: runs every measurement that exists, prints the table and writes bench.json; or lists one operation.
#include "guest_figures.h"
#include "listing/listing.h"
#include "network_figures.h"
#include "sizes.h"
#include "system_figures.h"

#include <cstdio>
#include <cstring>
#include <exception>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

namespace {

using namespace eft::bench;

struct Arguments {
    std::string output = "build/bench.json";
    std::vector<std::string> only;
    std::string listing;
};

bool parse(int count, char** words, Arguments& arguments) {
    for (int i = 1; i < count; ++i) {
        if (std::strcmp(words[i], "--output") == 0 && i + 1 < count) {
            arguments.output = words[++i];
        } else if (std::strcmp(words[i], "--only") == 0) {
            while (i + 1 < count && words[i + 1][0] != '-') arguments.only.emplace_back(words[++i]);
        } else if (std::strcmp(words[i], "--listing") == 0 && i + 1 < count) {
            arguments.listing = words[++i];
        } else {
            std::fprintf(stderr, "eft-bench: unknown argument '%s'\n", words[i]);
            return false;
        }
    }
    return true;
}

bool wanted(const std::string& key, const std::vector<std::string>& only) {
    if (only.empty()) return true;
    for (const std::string& prefix : only) {
        if (key.compare(0, prefix.size(), prefix) == 0) return true;
    }
    return false;
}

bool any_wanted(std::initializer_list<const char*> keys, const std::vector<std::string>& only) {
    if (only.empty()) return true;
    for (const char* key : keys) {
        for (const std::string& prefix : only) {
            if (prefix.compare(0, std::strlen(key), key) == 0 || std::string(key).compare(0, prefix.size(), prefix) == 0) return true;
        }
    }
    return false;
}

// Every instruction of one round; 1 if there are not as many as the mean of all rounds has.
int list(const std::string& key) {
    const Listing listing = list_round(key);
    std::cout << text_of(listing) << std::flush;
    return listing.agrees() ? 0 : 1;
}

}  // namespace

int main(int count, char** words) {
    Arguments arguments;
    if (!parse(count, words, arguments)) return 2;
    try {
        if (!arguments.listing.empty()) return list(arguments.listing);
        Figures figures;
        measure_sizes(figures);
        if (any_wanted({"ipc.", "stub.", "signal.", "fault.", "yield.", "entry.", "map.", "unmap.", "endpoint.", "cap.", "irq.", "boot.first_user"}, arguments.only)) {
            measure_in_guest(EFT_BENCH_ARCHIVE, figures);
        }
        if (any_wanted({"boot.prompt"}, arguments.only)) measure_boot(figures);
        if (any_wanted({"recovery.e1000."}, arguments.only)) measure_e1000_recovery(figures);
        if (any_wanted({"irq.line", "irq.shared"}, arguments.only)) measure_lines(figures);
        if (any_wanted({"pager.", "process.", "file."}, arguments.only)) measure_operations(figures);
        if (any_wanted({"recovery.virtio_blk."}, arguments.only)) measure_disk_recovery(figures);
        if (any_wanted({"recovery.virtio_net."}, arguments.only)) measure_card_recovery(figures);
        if (any_wanted({"recovery.names.", "recovery.dev.", "recovery.proc.", "recovery.rs.", "recovery.mem."}, arguments.only)) measure_core_recovery(figures);
        if (any_wanted({"recovery.net."}, arguments.only)) measure_net_recovery(figures);
        if (any_wanted({"net."}, arguments.only)) measure_network(figures);
        if (any_wanted({"kills."}, arguments.only)) measure_network_under_kills(figures);
        Figures chosen;
        for (const auto& [key, value] : figures) {
            if (wanted(key, arguments.only)) chosen[key] = value;
        }
        std::cout << table_of(chosen);
        std::ofstream file(arguments.output);
        file << json_of(chosen);
        if (!file.flush()) throw std::runtime_error("cannot write " + arguments.output);
    } catch (const std::exception& error) {
        std::cerr << "eft-bench: " << error.what() << "\n";
        return 1;
    }
    return 0;
}
