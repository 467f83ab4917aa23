// lwIP is C, with variables that outlive a program which is killed in the test process. A new incarnation puts them back.
#pragma once

#include <memory>

namespace eft::test {

// As they were when the test began.
void put_back_lwip_statics();

// The variables of one of several lwIPs in this process. Whoever is swapped in has them; those of the others lie aside.
class LwipStatics {
public:
    LwipStatics();
    ~LwipStatics();
    LwipStatics(const LwipStatics&) = delete;
    LwipStatics& operator=(const LwipStatics&) = delete;

    void swap_in();

private:
    std::unique_ptr<unsigned char[]> aside_;
};

}  // namespace eft::test
