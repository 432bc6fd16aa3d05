! taps.F90: named values of a Fortran program, written as a log for `trace-diff`. Fortran 2008, no other library.
!
!     use taps
!     call taps_start("heat", "1.0")                             once, at the start of the program
!     call tap_index("step", i)                                  at the top of a loop: index of what follows
!     call tap("temperature", t, "K", __FILE__, __LINE__)        real, integer, logical, complex(real64),
!                                                                character, or a vector of these
!     call tap_leave("step")                                     behind the loop: forget it and those set after
!
! A unit is one word, "" where there is none; __FILE__ and __LINE__ need the preprocessor (.F90).
! TAPS_FILE names the log ("-" is standard error; unset: nothing is written); TAPS_ONLY="step=3 cell=5",
! TAPS_NAMES="temperature flux" and TAPS_FIRST=1000 choose. With -DTAPS_OFF nothing is written.
! Threads: under OpenMP each thread has its own indices, and one record is written at a time.
module taps
  use, intrinsic :: iso_fortran_env, only: real32, real64, int32, int64, error_unit
  implicit none; private
  public :: taps_start, tap_index, tap_leave, tap
  integer, parameter :: most = 16
  character(len=63), save :: keys(most) = ""
  integer(int64), save :: turns(most) = 0, left = -1
  integer, save :: depth = 0, log_unit = 0
  character(len=1024), save :: only = "", names = ""
  character(len=200), allocatable, save :: told(:)
#ifndef TAPS_OFF
  logical, save :: on = .false.
#else
  logical, parameter :: on = .false.
#endif
  !$omp threadprivate(keys, turns, depth)
  interface tap; procedure tap_scalar, tap_vector; end interface
contains
  subroutine taps_start(program, version)
    character(len=*), intent(in) :: program, version
    character(len=1024) :: path, first
    integer :: bad
#ifndef TAPS_OFF
    call get_environment_variable("TAPS_FILE", path)
    call get_environment_variable("TAPS_ONLY", only)
    call get_environment_variable("TAPS_NAMES", names)
    call get_environment_variable("TAPS_FIRST", first)
    if (path == "" .or. on) return
    if (first /= "") read (first, *, iostat=bad) left
    if (first /= "" .and. (bad /= 0 .or. left < 0)) call halt("TAPS_FIRST is no count of records: "//trim(first))
    log_unit = error_unit
    if (path /= "-") open (newunit=log_unit, file=trim(path), status="new", iostat=bad, recl=65536)
    if (path /= "-" .and. bad /= 0) call halt("TAPS_FILE cannot be made, or is there already: "//trim(path))
    allocate (told(0)) ! the sites that were stated
    on = .true.
    write (log_unit, "(a)") "TAP_LOG: tap-log 1", "TAP_LOG: program "//trim(program)//" "//trim(version)
    if (only /= "" .or. names /= "" .or. left >= 0) write (log_unit, "(5a, i0)") &
      "TAP_LOG: only indices '", trim(only), "' names '", trim(names), "' first ", left
#endif
  end subroutine
  subroutine halt(text)
    character(len=*), intent(in) :: text
    write (error_unit, "(2a)") "taps: ", text; stop 3
  end subroutine
  subroutine tap_index(key, turn)
    character(len=*), intent(in) :: key
    integer, intent(in) :: turn
    integer :: place
    place = findloc(keys(:depth) == key, .true., dim=1)
    if (place == 0) place = depth + 1
    if (place > most) call halt("more than 16 loop indices; leave a loop with tap_leave before "//key)
    depth = max(depth, place)
    keys(place) = key; turns(place) = turn
  end subroutine
  subroutine tap_leave(key)
    character(len=*), intent(in) :: key
    if (any(keys(:depth) == key)) depth = findloc(keys(:depth) == key, .true., dim=1) - 1
  end subroutine
  subroutine put(name, kind, values, unit, file, line)
    character(len=*), intent(in) :: name, kind, values, unit, file
    integer, intent(in) :: line
    character(len=:), allocatable :: context
    character(len=200) :: site
    character(len=32) :: number
    integer :: place, at
    if (.not. on .or. left == 0) return
    if (names /= "" .and. index(" "//trim(names)//" ", " "//name//" ") == 0) return
    context = ""
    do place = 1, depth
      at = index(" "//only, " "//trim(keys(place))//"=")
      write (number, "(i0)") turns(place)
      context = context//trim(merge(" |", "  ", place == 1))//" "//trim(keys(place))//"="//trim(number)
      if (at > 0 .and. index(only(max(at, 1):)//" ", trim(keys(place))//"="//trim(number)//" ") /= 1) return
    end do
    if (len(name) < 1 .or. len(name) > 63 .or. scan(name//unit, " |") > 0) &
      call halt("a name is one word of 1 to 63 letters, a unit one word or empty: "//name)
    write (number, "(i0)") line
    site = name//" "//kind//" "//repeat("-", merge(1, 0, unit == ""))//trim(unit)//" "//file//":"//trim(number)
    !$omp critical(taps_log)
    if (left > 0) left = left - 1
    if (.not. any(told == site)) then
      told = [told, site]; write (log_unit, "(2a)") "TAP_LOG: tap ", trim(site)
    end if
    write (log_unit, "(a)") "TRACE_C: "//name//values//context; flush (log_unit)
    !$omp end critical(taps_log)
  end subroutine
  recursive function text(value, kind) result(found) ! of a scalar: its words with a blank before each
    class(*), intent(in) :: value
    character(len=7), intent(out) :: kind
    character(len=:), allocatable :: found
    character(len=32) :: word
    integer :: i
    kind = "integer"
    select type (value)
    type is (real(real64))
      kind = "real"; write (word, "(es24.16e3)") value
      if (value /= value) word = "nan"
      if (abs(value) > huge(value)) word = merge("-inf", "inf ", value < 0)
      found = " "//trim(adjustl(word))
    type is (real(real32)); found = text(real(value, real64), kind)
    type is (complex(real64)); found = text(real(value), kind)//text(aimag(value), kind); kind = "complex"
    type is (integer(int64)); write (word, "(i0)") value; found = " "//trim(word)
    type is (integer(int32)); found = text(int(value, int64), kind)
    type is (logical); found = merge(" 1", " 0", value); kind = "boolean"
    type is (character(len=*))
      kind = "word"; found = " "//repeat("%", merge(1, 0, value == ""))
      do i = 1, len_trim(value) ! bytes with a meaning as %XX
        write (word, "(a, z2.2)") "%", ichar(value(i:i))
        if (ichar(value(i:i)) > 32 .and. scan(value(i:i), "%|"//achar(127)) == 0) word = value(i:i)
        found = found//trim(word)
      end do
    class default; call halt("a value is real, complex(real64), integer, logical or character")
    end select
  end function
  subroutine tap_scalar(name, value, unit, file, line)
    character(len=*), intent(in) :: name, unit, file
    class(*), intent(in) :: value
    integer, intent(in) :: line
    character(len=:), allocatable :: words
    character(len=7) :: kind
    if (.not. on) return
    words = text(value, kind)
    call put(name, trim(kind), words, unit, file, line)
  end subroutine
  subroutine tap_vector(name, value, unit, file, line)
    character(len=*), intent(in) :: name, unit, file
    class(*), intent(in) :: value(:)
    integer, intent(in) :: line
    character(len=:), allocatable :: words
    character(len=7) :: kind
    integer :: i
    if (.not. on .or. size(value) == 0) return
    words = text(value(1), kind)
    do i = 2, size(value); words = words//text(value(i), kind); end do
    call put(name, trim(kind), words, unit, file, line)
  end subroutine
end module
