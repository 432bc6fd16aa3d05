! A small cooling rod, traced: gfortran taps.F90 example.F90 -o example && TAPS_FILE=f.log ./example
program rod_of_fortran
  use, intrinsic :: iso_fortran_env, only: real64
  use taps
  implicit none
  real(real64) :: rod(0:4) = [400, 300, 300, 300, 350], next(0:4), flux
  real(real64), parameter :: alpha = 0.1_real64
  integer :: step, cell
  logical :: inside

  call taps_start("rod-fortran", "1.0")
  call tap("alpha", alpha, "", __FILE__, __LINE__)
  call tap("cells", 5, "", __FILE__, __LINE__)
  call tap("scheme", "forward euler", "", __FILE__, __LINE__)
  do step = 0, 2
    call tap_index("step", step)
    do cell = 0, 4
      call tap_index("cell", cell)
      inside = cell > 0 .and. cell < 4
      flux = 0
      if (inside) flux = rod(cell - 1) - 2 * rod(cell) + rod(cell + 1)
      call tap("inside", inside, "", __FILE__, __LINE__)
      call tap("flux", flux, "K", __FILE__, __LINE__)
      next(cell) = rod(cell) + alpha * flux
      call tap("temperature", next(cell), "K", __FILE__, __LINE__)
    end do
    call tap_leave("cell")
    rod = next
    call tap("rod", rod, "K", __FILE__, __LINE__)
  end do
  call tap_leave("step")
  call tap("mode", cmplx(rod(1), rod(2), real64), "K", __FILE__, __LINE__)
end program
