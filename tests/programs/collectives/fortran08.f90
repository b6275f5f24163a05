! Collective operations through mpi_f08: MPI_IN_PLACE, MPI_BOTTOM, operations and datatypes of the program.
! @np 1 2 3
module operations
   use mpi_f08
   implicit none
contains
   subroutine larger(in, inout, length, datatype)
      use, intrinsic :: iso_c_binding, only: c_ptr, c_f_pointer
      type(c_ptr), value :: in, inout
      integer :: length
      type(MPI_Datatype) :: datatype
      integer, pointer :: a(:), b(:)
      call c_f_pointer(in, a, [length])
      call c_f_pointer(inout, b, [length])
      b = max(a, b)
   end subroutine
end module

program collectives
   use mpi_f08
   use operations
   implicit none
   integer :: me, np, i, total, place(4)
   integer, allocatable :: all(:), long(:)
   integer(MPI_ADDRESS_KIND) :: address
   type(MPI_Datatype) :: absolute
   type(MPI_Op) :: op
   type(MPI_Request) :: request
   call MPI_Init()
   call MPI_Comm_rank(MPI_COMM_WORLD, me)
   call MPI_Comm_size(MPI_COMM_WORLD, np)
   total = me + 1
   call MPI_Allreduce(MPI_IN_PLACE, total, 1, MPI_INTEGER, MPI_SUM, MPI_COMM_WORLD)
   call expect(total == np * (np + 1) / 2, 'allreduce in place')
   allocate(all(np), long(100000))
   all = -1
   all(me + 1) = me
   call MPI_Allgather(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, all, 1, MPI_INTEGER, MPI_COMM_WORLD)
   call expect(all(np) == np - 1 .and. all(1) == 0, 'allgather in place')
   if (me == 0) then
      call MPI_Scatter(all, 1, MPI_INTEGER, MPI_IN_PLACE, 1, MPI_INTEGER, 0, MPI_COMM_WORLD)
   else
      call MPI_Scatter(all, 1, MPI_INTEGER, total, 1, MPI_INTEGER, 0, MPI_COMM_WORLD)
      call expect(total == me, 'scatter')
   end if
   place = me
   call MPI_Get_address(place, address)
   call MPI_Type_create_hindexed(1, [4], [address], MPI_INTEGER, absolute)
   call MPI_Type_commit(absolute)
   call MPI_Bcast(MPI_BOTTOM, 1, absolute, np - 1, MPI_COMM_WORLD)
   call MPI_F_sync_reg(place)
   call expect(place(1) == np - 1 .and. place(4) == np - 1, 'bcast from the bottom')
   call MPI_Type_free(absolute)
   call MPI_Op_create(larger, .true., op)
   long = [(i * (me + 1), i = 1, size(long))]
   call MPI_Iallreduce(MPI_IN_PLACE, long, size(long), MPI_INTEGER, op, MPI_COMM_WORLD, request)
   call MPI_Wait(request, MPI_STATUS_IGNORE)
   call MPI_F_sync_reg(long)
   call expect(all_equal(), 'an operation of the program')
   call MPI_Op_free(op)
   call MPI_Finalize()
   if (me == 0) print '(a)', 'done'
contains
   logical function all_equal()
      integer :: k
      all_equal = .true.
      do k = 1, size(long)
         if (long(k) /= k * np) all_equal = .false.
      end do
   end function
   subroutine expect(condition, what)
      logical, intent(in) :: condition
      character(*), intent(in) :: what
      if (condition) return
      print '(a,i0,2a)', 'rank ', me, ': ', what
      call MPI_Abort(MPI_COMM_WORLD, 9)
   end subroutine
end program
