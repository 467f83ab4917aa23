// Many faults, by several machines at once; what came of each is a line of JSON.
#pragma once

#include "laboratory.h"

namespace eft::faults {

struct CampaignOptions {
    std::vector<std::string> targets, types;
    std::string workload = "mix";
    unsigned count = 100;  // for each target and type
    std::uint64_t seed = 1;
    unsigned jobs = 2;
    unsigned shard = 0, shards = 1;   // only each `shards`th fault
    std::vector<std::string> merged;  // folders of campaigns
    bool resume = false;
    std::string output;    // a folder
    std::string only_run;  // one run by its name, with its console
    std::string reported;  // a folder whose page is made anew
};

// Prints its progress and the table; the outcomes are in `output`. Status 0 unless the campaign cannot be held.
int hold_campaign(const CampaignOptions& options);
// Adds up the results in options.merged.
int merge(const CampaignOptions& options);
int replay(const CampaignOptions& options);

}  // namespace eft::faults
