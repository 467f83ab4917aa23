// lwIP is C, with variables that outlive a program which is killed in the test process. A new incarnation puts them back.
#pragma once

namespace eft::test {

// As they were when the test began.
void put_back_lwip_statics();

}  // namespace eft::test
