/* libSSCardDriver: the standard reader interface of the social security card (人社信息函〔2016〕38号).
 * Made by cbindgen from reader/driver/src; a test compares both. Do not edit.
 *
 * Return 0 is success, anything else a failure whose words stand in pOutInfo. Strings are GBK unless the settings say
 * UTF-8. The comment of each function tells the bytes that pOutInfo must have, the final NUL among them. */

#ifndef SSCARDDRIVER_H
#define SSCARDDRIVER_H


#if defined(_WIN32) && !defined(_WIN64)
#define SSCARD_CALL __stdcall
#else
#define SSCARD_CALL
#endif

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// Reads the eleven basic items with the PSAM. Sizes in bytes: pOutInfo 1024.
//
// # Safety
// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in may end earlier with NUL.
long SSCARD_CALL iReadCardBas(int iType, char *pOutInfo);

// First step of iReadCardBas with an HSM: what the HSM must know. The card stays open. Sizes in bytes: pOutInfo 1024.
//
// # Safety
// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in may end earlier with NUL.
long SSCARD_CALL iReadCardBas_HSM_Step1(int iType, char *pOutInfo);

// Second step of iReadCardBas with an HSM: the eleven basic items. Sizes in bytes: pKey 128, pOutInfo 1024.
//
// # Safety
// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in may end earlier with NUL.
long SSCARD_CALL iReadCardBas_HSM_Step2(const char *pKey, char *pOutInfo);

// Reads files. iAuthType 1 takes the PIN and 2 the key where a file may be read with either. Sizes in bytes: pCardInfo 128, pFileAddr 1024, pOutInfo 20480.
//
// # Safety
// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in may end earlier with NUL.
long SSCARD_CALL iReadCard(int iType,
               int iAuthType,
               const char *pCardInfo,
               const char *pFileAddr,
               char *pOutInfo);

// First step of iReadCard with an HSM; only the first file is read. The card stays open. Sizes in bytes: pCardInfo 128, pFileAddr 1024, pOutInfo 1024.
//
// # Safety
// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in may end earlier with NUL.
long SSCARD_CALL iReadCard_HSM_Step1(int iType,
                         const char *pCardInfo,
                         const char *pFileAddr,
                         char *pOutInfo);

// Second step of iReadCard with an HSM. Sizes in bytes: pKey 32, pOutInfo 20480.
//
// # Safety
// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in may end earlier with NUL.
long SSCARD_CALL iReadCard_HSM_Step2(const char *pKey, char *pOutInfo);

// Writes files with the keys of the PSAM. Sizes in bytes: pCardInfo 128, pFileAddr 1024, pWriteData 20480, pOutInfo 1024.
//
// # Safety
// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in may end earlier with NUL.
long SSCARD_CALL iWriteCard(int iType,
                const char *pCardInfo,
                const char *pFileAddr,
                const char *pWriteData,
                char *pOutInfo);

// First step of iWriteCard with an HSM; only the first file is written. The card stays open. Sizes in bytes: pCardInfo 128, pFileAddr 1024, pOutInfo 1024.
//
// # Safety
// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in may end earlier with NUL.
long SSCARD_CALL iWriteCard_HSM_Step1(int iType,
                          const char *pCardInfo,
                          const char *pFileAddr,
                          char *pOutInfo);

// Second step of iWriteCard with an HSM. Sizes in bytes: pKey 32, pWriteData 20480, pOutInfo 1024.
//
// # Safety
// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in may end earlier with NUL.
long SSCARD_CALL iWriteCard_HSM_Step2(const char *pKey, const char *pWriteData, char *pOutInfo);

// Asks for the PIN at the keypad and verifies it. Sizes in bytes: pOutInfo 512.
//
// # Safety
// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in may end earlier with NUL.
long SSCARD_CALL iVerifyPIN(int iType, char *pOutInfo);

// Asks for the old and twice for the new PIN, and changes it. Sizes in bytes: pOutInfo 512.
//
// # Safety
// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in may end earlier with NUL.
long SSCARD_CALL iChangePIN(int iType, char *pOutInfo);

// Asks twice for a new PIN, and sets it with the keys of the PSAM. Sizes in bytes: pCardInfo 128, pOutInfo 512.
//
// # Safety
// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in may end earlier with NUL.
long SSCARD_CALL iReloadPIN(int iType, const char *pCardInfo, char *pOutInfo);

// First step of iReloadPIN with an HSM. The card stays open. Sizes in bytes: pCardInfo 128, pOutInfo 512.
//
// # Safety
// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in may end earlier with NUL.
long SSCARD_CALL iReloadPIN_HSM_Step1(int iType, const char *pCardInfo, char *pOutInfo);

// Second step of iReloadPIN with an HSM. The new PIN stands in pOutInfo in the clear, as the interface wants it. Sizes in bytes: pKey 32, pOutInfo 1024.
//
// # Safety
// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in may end earlier with NUL.
long SSCARD_CALL iReloadPIN_HSM_Step2(const char *pKey,
                          char *pOutInfo);

// Third step of iReloadPIN with an HSM. Sizes in bytes: pKey 50, pOutInfo 1024.
//
// # Safety
// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in may end earlier with NUL.
long SSCARD_CALL iReloadPIN_HSM_Step3(const char *pKey, char *pOutInfo);

// Resets the tries of the PIN with the keys of the PSAM. Sizes in bytes: pCardInfo 128, pOutInfo 512.
//
// # Safety
// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in may end earlier with NUL.
long SSCARD_CALL iUnblockPIN(int iType, const char *pCardInfo, char *pOutInfo);

// First step of iUnblockPIN with an HSM. The card stays open. Sizes in bytes: pCardInfo 128, pOutInfo 512.
//
// # Safety
// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in may end earlier with NUL.
long SSCARD_CALL iUnblockPIN_HSM_Step1(int iType, const char *pCardInfo, char *pOutInfo);

// Second step of iUnblockPIN with an HSM. The card stays open. Sizes in bytes: pKey 32, pOutInfo 1024.
//
// # Safety
// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in may end earlier with NUL.
long SSCARD_CALL iUnblockPIN_HSM_Step2(const char *pKey, char *pOutInfo);

// Third step of iUnblockPIN with an HSM. Sizes in bytes: pKey 18, pOutInfo 1024.
//
// # Safety
// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in may end earlier with NUL.
long SSCARD_CALL iUnblockPIN_HSM_Step3(const char *pKey, char *pOutInfo);

// Settles with the PSAM. Sizes in bytes: pCardInfo 128, pPayInfo 512, pOutInfo 512.
//
// # Safety
// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in may end earlier with NUL.
long SSCARD_CALL iDoDebit(int iType, const char *pCardInfo, const char *pPayInfo, char *pOutInfo);

// First step of iDoDebit with an HSM. The card stays open. Sizes in bytes: pCardInfo 128, pPayInfo 512, pOutInfo 512.
//
// # Safety
// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in may end earlier with NUL.
long SSCARD_CALL iDoDebit_HSM_Step1(int iType, const char *pCardInfo, const char *pPayInfo, char *pOutInfo);

// Second step of iDoDebit with an HSM. Sizes in bytes: pKey 128, pOutInfo 1024.
//
// # Safety
// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in may end earlier with NUL.
long SSCARD_CALL iDoDebit_HSM_Step2(const char *pKey, char *pOutInfo);

// Reads all settlements that the card keeps, newest first. Sizes in bytes: pOutInfo 2048.
//
// # Safety
// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in may end earlier with NUL.
long SSCARD_CALL iReadDebitRecord(int iType, char *pOutInfo);

// iReadCardBas, and all steps with the HSM service of the settings where the PSAM cannot. Not of the standard. Sizes in bytes: pOutInfo 1024.
//
// # Safety
// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in may end earlier with NUL.
long SSCARD_CALL iReadCardBas_HSM(int iType,
                      char *pOutInfo);

// iReadCard, and all steps with the HSM service where the PSAM cannot. Not of the standard. Sizes in bytes: pCardInfo 128, pFileAddr 1024, pOutInfo 20480.
//
// # Safety
// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in may end earlier with NUL.
long SSCARD_CALL iReadCard_HSM(int iType,
                   int iAuthType,
                   const char *pCardInfo,
                   const char *pFileAddr,
                   char *pOutInfo);

// iWriteCard, and all steps with the HSM service where the PSAM cannot. Not of the standard. Sizes in bytes: pCardInfo 128, pFileAddr 1024, pWriteData 20480, pOutInfo 1024.
//
// # Safety
// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in may end earlier with NUL.
long SSCARD_CALL iWriteCard_HSM(int iType,
                    const char *pCardInfo,
                    const char *pFileAddr,
                    const char *pWriteData,
                    char *pOutInfo);

// iReloadPIN, and all steps with the HSM service where the PSAM cannot. Not of the standard. Sizes in bytes: pCardInfo 128, pOutInfo 1024.
//
// # Safety
// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in may end earlier with NUL.
long SSCARD_CALL iReloadPIN_HSM(int iType,
                    const char *pCardInfo,
                    char *pOutInfo);

// iUnblockPIN, and all steps with the HSM service where the PSAM cannot. Not of the standard. Sizes in bytes: pCardInfo 128, pOutInfo 1024.
//
// # Safety
// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in may end earlier with NUL.
long SSCARD_CALL iUnblockPIN_HSM(int iType,
                     const char *pCardInfo,
                     char *pOutInfo);

// iDoDebit, and all steps with the HSM service where the PSAM cannot. Not of the standard. Sizes in bytes: pCardInfo 128, pPayInfo 512, pOutInfo 1024.
//
// # Safety
// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in may end earlier with NUL.
long SSCARD_CALL iDoDebit_HSM(int iType,
                  const char *pCardInfo,
                  const char *pPayInfo,
                  char *pOutInfo);

// Tells the keypad `value` of the settings the PIN of the card and the PIN it will get; NULL forgets one. For programs that
// ask for the PIN themselves, as kiosks do. Not of the standard. Sizes in bytes: 17 each.
//
// # Safety
// Each pointer is NULL or points to a string that ends with NUL within 17 bytes.
long SSCARD_CALL SSCardDriver_SetPIN(const char *pPIN,
                         const char *pNewPIN);

// Signs pInData with the signature key of the card. Gives 128 characters of hex and |. Sizes in bytes: pUserPin 17, pInData 20480, pOutInfo 1024.
//
// # Safety
// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in end earlier with NUL.
long SSCARD_CALL PKI_SignData(const char *pUserPin,
                  const char *pInData,
                  int iType,
                  char *pOutInfo);

// Whether pSignature over pClearText is that of the certificate's key. pUserPin may be NULL; an empty pCert means the card's
// own certificate. Sizes in bytes: pUserPin 17, pCert 8192, pClearText 20480, pSignature 1024, pOutInfo 1024.
//
// # Safety
// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in end earlier with NUL.
long SSCARD_CALL PKI_VerifySign(const char *pUserPin,
                    const char *pCert,
                    const char *pClearText,
                    const char *pSignature,
                    int iType,
                    char *pOutInfo);

// Puts pInData into a digital envelope for the holder of the certificate. Gives hex and |; about 9700 bytes of data fit. pUserPin
// may be NULL; an empty pCert means the card's own certificate. The name is ours. Sizes in bytes: pUserPin 17, pCert 8192, pInData 20480, pOutInfo 20480.
//
// # Safety
// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in end earlier with NUL.
long SSCARD_CALL PKI_SealEnvelope(const char *pUserPin,
                      const char *pCert,
                      const char *pInData,
                      int iType,
                      char *pOutInfo);

// Opens a digital envelope with the encryption key of the card; gives the data as they were. The name is ours. Sizes in bytes: pUserPin 17, pEnvelope 20480, pOutInfo 20480.
//
// # Safety
// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in end earlier with NUL.
long SSCARD_CALL PKI_OpenEnvelope(const char *pUserPin,
                      const char *pEnvelope,
                      int iType,
                      char *pOutInfo);

// Reads a certificate of the card: iKey 1 of the signature key, 2 of the encryption key. Gives hex and |. Not of the standard. Sizes in bytes: pOutInfo 20480.
//
// # Safety
// Each pointer is NULL or points to as many bytes as the sizes say; strings that come in end earlier with NUL.
long SSCARD_CALL SSCardDriver_ReadCert(int iKey,
                           int iType,
                           char *pOutInfo);

// Opens the readers of the settings. dev_Name is "AUTO", "USBn", "COMn", "LPTn", or a part of the name of the reader that
// holds the card. Gives a handle, 0 or more.
//
// # Safety
// `dev_Name` is NULL or points to a string that ends with NUL within 256 bytes.
long SSCARD_CALL ICC_Reader_Open(const char *dev_Name);

// Takes the power from all cards and closes the device.
long SSCARD_CALL ICC_Reader_Close(long ReaderHandle);

// Resets the card in a slot; gives the length of its answer, which goes into Response (33 bytes).
//
// # Safety
// `Response` is NULL or points to 33 bytes that may be written.
long SSCARD_CALL ICC_Reader_PowerOn(long ReaderHandle, unsigned char ICC_Slot_No, unsigned char *Response);

// Takes the power from the card in a slot.
long SSCARD_CALL ICC_Reader_PowerOff(long ReaderHandle, unsigned char ICC_Slot_No);

// 0 for a card with power, −2 for an empty slot, −3 for a card without power.
long SSCARD_CALL ICC_Reader_GetStatus(long ReaderHandle, unsigned char ICC_Slot_No);

// Sends a command of at most 261 bytes; gives the length of the answer with its status word, which goes into
// Response_APDU (258 bytes). 61xx and 6Cxx come as they are.
//
// # Safety
// `Command_APDU` is NULL or points to `Length_of_Command_APDU` bytes, `Response_APDU` is NULL or points to 258 bytes that may
// be written.
long SSCARD_CALL ICC_Reader_Application(long ReaderHandle,
                            unsigned char ICC_Slot_No,
                            long Length_of_Command_APDU,
                            const unsigned char *Command_APDU,
                            unsigned char *Response_APDU);

// Writes 32 characters: maker 16, model 14, version 2; no NUL.
//
// # Safety
// `info` is NULL or points to 32 bytes that may be written.
long SSCARD_CALL ICC_Reader_Libinfo(unsigned char *info);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* SSCARDDRIVER_H */
