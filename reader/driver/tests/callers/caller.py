"""Calls libSSCardDriver with ctypes as a line on stdin says: see caller.c."""
import ctypes
import sys

library = ctypes.CDLL(sys.argv[1])
SIZES = {
    "iReadCardBas": 1024,
    "iReadCardBas_HSM_Step1": 1024,
    "iReadCardBas_HSM_Step2": 1024,
    "iReadCard": 20480,
    "iReadCard_HSM_Step1": 1024,
    "iReadCard_HSM_Step2": 20480,
    "iWriteCard": 1024,
    "iWriteCard_HSM_Step1": 1024,
    "iWriteCard_HSM_Step2": 1024,
    "iVerifyPIN": 512,
    "iChangePIN": 512,
    "iReloadPIN": 512,
    "iReloadPIN_HSM_Step1": 512,
    "iReloadPIN_HSM_Step2": 1024,
    "iReloadPIN_HSM_Step3": 1024,
    "iUnblockPIN": 512,
    "iUnblockPIN_HSM_Step1": 512,
    "iUnblockPIN_HSM_Step2": 1024,
    "iUnblockPIN_HSM_Step3": 1024,
    "iDoDebit": 512,
    "iDoDebit_HSM_Step1": 512,
    "iDoDebit_HSM_Step2": 1024,
    "iReadDebitRecord": 2048,
    "iReadCardBas_HSM": 1024,
    "iReadCard_HSM": 20480,
    "iWriteCard_HSM": 1024,
    "iReloadPIN_HSM": 1024,
    "iUnblockPIN_HSM": 1024,
    "iDoDebit_HSM": 1024,
    "PKI_SignData": 1024,
    "PKI_VerifySign": 1024,
    "PKI_SealEnvelope": 20480,
    "PKI_OpenEnvelope": 20480,
    "SSCardDriver_ReadCert": 20480,
}

for line in sys.stdin.buffer:
    name, *fields = line.rstrip(b"\n").split(b"\t")
    function = getattr(library, name.decode())
    function.restype = ctypes.c_long
    arguments = [
        None if field == b"\\N" else ctypes.c_int(int(field)) if field.isdigit() and len(field) == 1 else ctypes.c_char_p(field)
        for field in fields
    ]
    out = ctypes.create_string_buffer(SIZES.get(name.decode(), 1))
    code = function(*arguments, out) if name.decode() in SIZES else function(*arguments)
    print(code, out.value.hex().upper(), flush=True)
