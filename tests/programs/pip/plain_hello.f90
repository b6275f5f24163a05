! Fortran as a task.
! @part
program hello
  implicit none
  character(len=20) :: word
  real(8), allocatable :: values(:)
  integer :: i
  call get_command_argument(1, word)
  allocate(values(100000))
  values = [(sqrt(dble(i)), i = 1, 100000)]
  print '(a,a,f14.3)', trim(word), ' sums to ', sum(values)
  call exit(5)
end program
