"""Reads a card with the standard interface: basic items with the PSAM, or step by step with the central HSM where the PSAM
cannot; then a file.

    python3 read_card.py [LIBRARY]

Readers and PSAM are those of /etc/ssc/driver.toml; SSC_DRIVER_HSM is the address of the HSM's service. With the functions
iReadCardBas_HSM and iReadCard_HSM the library itself would do what `with_hsm` does here; vendors' libraries do not have them.
"""
import ctypes
import os
import sys
import urllib.request

CONTACT_FIRST, WITH_KEY = 3, 2
USE_HSM = (-2201, -2202, -2203, -27272, -24)

library = ctypes.CDLL(sys.argv[1] if len(sys.argv) > 1 else "libSSCardDriver.so")


class DriverError(Exception):
    def __init__(self, function, code, text):
        super().__init__(f"{function}: {code} {text}")
        self.code = code


def call(function, *arguments, size=1024):
    """Calls a function; its pOutInfo has `size` bytes. Text is GBK on both sides, rare characters as in GB18030."""
    out = ctypes.create_string_buffer(size)
    plain = [a.encode("gb18030") if isinstance(a, str) else a for a in arguments]
    entry = getattr(library, function)
    entry.restype = ctypes.c_long
    code = entry(*plain, out)
    text = out.value.decode("gb18030")
    if code != 0:
        raise DriverError(function, code, text)
    return text


def ask_hsm(request):
    """What a province's service answers to a request; yours may want other words around it."""
    with urllib.request.urlopen(os.environ["SSC_DRIVER_HSM"], request.encode(), timeout=15) as answer:
        return answer.read().decode().strip()


def with_hsm(by_psam, by_steps):
    """The PSAM does it; where one of the five codes says so, the HSM."""
    try:
        return by_psam()
    except DriverError as error:
        if error.code not in USE_HSM:
            raise
        return by_steps()


def basics_by_steps():
    first = call("iReadCardBas_HSM_Step1", CONTACT_FIRST)  # region, ATR, algorithm, card, four random numbers
    return call("iReadCardBas_HSM_Step2", ask_hsm(f"01|{first}"))


def file_by_steps(card, address, area):
    first = call("iReadCard_HSM_Step1", CONTACT_FIRST, card, address)  # algorithm, key address, two random numbers
    return call("iReadCard_HSM_Step2", ask_hsm(f"02|{area}|{first}"), size=20480)


def main():
    basics = with_hsm(lambda: call("iReadCardBas", CONTACT_FIRST), basics_by_steps)
    region, _, number, card_id, name, historical, *_ = basics.split("|")
    print("name", name)
    # pCardInfo: the driver compares it, so that nobody reads another card than the one that was shown.
    card, address = f"{card_id}|{number}|", "DF01EF07|29|$"
    by_psam = lambda: call("iReadCard", CONTACT_FIRST, WITH_KEY, card, address, size=20480)
    print("file", with_hsm(by_psam, lambda: file_by_steps(card, address, f"{region}|{historical}")))


try:
    main()
except DriverError as error:
    sys.exit(str(error))
