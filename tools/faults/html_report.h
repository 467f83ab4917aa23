// The results of a campaign as one page of HTML that needs nothing else: no network, no other file.
#pragma once

#include <string>

namespace eft::faults {

// Writes report.html beside results.jsonl in the folder; throws if that has no results. Whatever its texts say is shown as
// text.
void write_html_report(const std::string& folder);

}  // namespace eft::faults
