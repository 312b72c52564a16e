//! Names of functions for messages: from the symbol table of the file that an address was loaded from, where static
//! functions are named too. The C library's own search, `dladdr`, knows exported ones alone.

use core::ffi::{c_char, c_int, c_void};
use core::ptr;

use libc::{Elf64_Ehdr, Elf64_Shdr, Elf64_Sym, dl_phdr_info};

use super::fd;
use crate::diag::dprintf;
use crate::text::text;

const FUNCTION: u8 = 2;
const SYMBOLS: u32 = 2;
const DYNAMIC_SYMBOLS: u32 = 11;

/// The loaded object that an address is in.
struct Object {
    address: usize,
    base: usize,
    path: *const c_char,
}

/// For `dl_iterate_phdr`: keeps the object that holds the address, and ends the search with 1.
unsafe extern "C" fn holds(info: *mut dl_phdr_info, _: usize, data: *mut c_void) -> c_int {
    let wanted: *mut Object = data.cast();
    // SAFETY: KERNEL; the C library passes a description and as many program headers as it says.
    unsafe {
        for index in 0..usize::from((*info).dlpi_phnum) {
            let header = (*info).dlpi_phdr.add(index).read();
            let start = ((*info).dlpi_addr as usize).wrapping_add(header.p_vaddr as usize);
            if header.p_type == libc::PT_LOAD && (*wanted).address.wrapping_sub(start) < header.p_memsz as usize {
                (*wanted).base = (*info).dlpi_addr as usize;
                (*wanted).path = (*info).dlpi_name;
                return 1;
            }
        }
    }
    0
}

/// A file in memory, read by offset; nothing is believed of what it says of itself.
struct Image {
    base: *const u8,
    len: usize,
}

impl Image {
    fn read<T: Copy>(&self, offset: u64) -> Option<T> {
        let offset = offset as usize;
        if offset.checked_add(size_of::<T>())? > self.len {
            return None;
        }
        // SAFETY: within the file; T is made of integers, for which every bit pattern is a value.
        Some(unsafe { self.base.add(offset).cast::<T>().read_unaligned() })
    }

    fn section(&self, header: &Elf64_Ehdr, index: u32) -> Option<Elf64_Shdr> {
        self.read(header.e_shoff.checked_add(u64::from(index).checked_mul(u64::from(header.e_shentsize))?)?)
    }

    /// The offset and length of the name of the function at `address`, as the file counts.
    fn function_at(&self, address: u64) -> Option<(u64, usize)> {
        let header: Elf64_Ehdr = self.read(0)?;
        let find = |kind| {
            (0..u32::from(header.e_shnum))
                .filter_map(|index| self.section(&header, index))
                .find(|section| section.sh_type == kind)
        };
        let table = find(SYMBOLS).or_else(|| find(DYNAMIC_SYMBOLS))?;
        let names = self.section(&header, table.sh_link)?;
        let step = size_of::<Elf64_Sym>();
        let symbol = (0..table.sh_size / step as u64).find_map(|index| {
            let symbol: Elf64_Sym = self.read(table.sh_offset.checked_add(index.checked_mul(step as u64)?)?)?;
            let within = address.wrapping_sub(symbol.st_value) < symbol.st_size.max(1);
            (symbol.st_info & 15 == FUNCTION && symbol.st_value != 0 && within).then_some(symbol)
        })?;
        let name = names.sh_offset.checked_add(u64::from(symbol.st_name))?;
        let length =
            (0..256).take_while(|&at| self.read(name.wrapping_add(at)).is_some_and(|byte: u8| byte != 0)).count();
        Some((name, length))
    }
}

/// Calls `work` with the file at `path` in memory, if it can be read.
fn with_image(path: *const c_char, work: impl FnOnce(&Image)) {
    // SAFETY: KERNEL; the mapping is not used after it is taken back. Of a length of -1 there is none.
    unsafe {
        let file = libc::open(path, libc::O_RDONLY | libc::O_CLOEXEC);
        let len = libc::lseek(file, 0, libc::SEEK_END) as usize;
        let base = libc::mmap(ptr::null_mut(), len, libc::PROT_READ, libc::MAP_PRIVATE, file, 0);
        fd::close(file);
        if base != libc::MAP_FAILED {
            work(&Image { base: base.cast_const().cast(), len });
            libc::munmap(base, len);
        }
    }
}

/// How the program was started, as a path.
fn program() -> *const c_char {
    // SAFETY: no precondition; the kernel put a string there, which stays.
    let path = unsafe { libc::getauxval(libc::AT_EXECFN) } as *const c_char;
    if path.is_null() { text!("/proc/self/exe").as_ptr() } else { path }
}

/// Prints "NAME (FILE+OFFSET)" of the function at `address` to `to`, or as much as is known.
pub fn print_function(to: c_int, address: usize) {
    let mut object = Object { address, base: 0, path: ptr::null() };
    // SAFETY: KERNEL; the search ends before `object` does.
    if unsafe { libc::dl_iterate_phdr(Some(holds), (&raw mut object).cast()) } == 0 {
        // SAFETY: KERNEL; the format takes an address and gets one.
        unsafe { dprintf(to, text!("%#zx").as_ptr(), address) };
        return;
    }
    // SAFETY: a string of the C library's; the program itself has an empty one.
    let (file, shown) = match unsafe { object.path.read() } {
        0 => (text!("/proc/self/exe").as_ptr(), program()),
        _ => (object.path, object.path),
    };
    let offset = address.wrapping_sub(object.base);
    with_image(file, |image| {
        if let Some((name, length)) = image.function_at(offset as u64) {
            // SAFETY: KERNEL; within the image, and of that length.
            unsafe { dprintf(to, text!("%.*s ").as_ptr(), length as c_int, image.base.add(name as usize)) };
        }
    });
    // SAFETY: KERNEL; the format takes a string and a number and gets them.
    unsafe { dprintf(to, text!("(%s+%#zx)").as_ptr(), shown, offset) };
}
