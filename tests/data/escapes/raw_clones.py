# Processes made by the bare system calls, and by those of 32 bits.
#! class = "template"
#! seen = ["cell died", "stub"]

# %% after setup
import ctypes
import errno
import mmap

libc = ctypes.CDLL(None, use_errno=True)
results = [libc.syscall(57), libc.syscall(58), libc.syscall(56, 17, 0, 0, 0, 0)]
arguments = ctypes.create_string_buffer(88)
results.append(libc.syscall(435, arguments, 88))
page = mmap.mmap(-1, 4096, prot=7)
page.write(bytes.fromhex("b802000000cd80c3"))  # mov eax, 2 (fork); int 0x80; ret
function = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
print(results, errno.errorcode[ctypes.get_errno()])
function()
