! mpi_f08: windows of every kind, shared memory as a Fortran array through c_f_pointer, sections as origins, attributes.
! @np 1 2 3
program fortran08
    use, intrinsic :: iso_c_binding
    use mpi_f08
    implicit none
    integer, parameter :: n = 100
    integer :: rank, ranks, right, left, unit, i, error, class, length
    integer(kind=MPI_ADDRESS_KIND) :: bytes, found, zero = 0, place, attribute
    logical :: there
    type(MPI_Win) :: win, dynamic
    type(MPI_Request) :: request
    type(MPI_Group) :: group, world
    type(MPI_Info) :: info
    type(c_ptr) :: base, theirs
    real(kind=c_double), pointer :: mine(:), neighbours(:)
    real(kind=c_double), asynchronous :: values(n), matrix(n, n), got(n)
    integer, asynchronous :: one, before, counter(4)
    integer, asynchronous, target :: attached(10)
    character(len=MPI_MAX_OBJECT_NAME) :: name
    call MPI_Init()
    call MPI_Comm_rank(MPI_COMM_WORLD, rank)
    call MPI_Comm_size(MPI_COMM_WORLD, ranks)
    right = mod(rank + 1, ranks)
    left = mod(rank + ranks - 1, ranks)

    ! Shared memory.
    bytes = n * 8
    call MPI_Win_allocate_shared(bytes, 8, MPI_INFO_NULL, MPI_COMM_WORLD, base, win)
    call c_f_pointer(base, mine, [n])
    call MPI_Win_shared_query(win, right, found, unit, theirs)
    call require(found == bytes .and. unit == 8, 1)
    call c_f_pointer(theirs, neighbours, [n])
    mine = rank
    call MPI_Win_fence(0, win)
    call require(all(neighbours == right), 2)
    call MPI_Win_fence(0, win)
    neighbours(3) = 1000 + rank
    call MPI_Win_fence(0, win)
    call require(mine(3) == 1000 + left .and. mine(2) == rank .and. mine(4) == rank, 3)
    call MPI_Win_set_name(win, 'from Fortran')
    call MPI_Win_get_name(win, name, length)
    call require(length == 12 .and. name(1:12) == 'from Fortran', 4)
    call MPI_Win_get_attr(win, MPI_WIN_SIZE, attribute, there)
    call require(there .and. attribute == bytes, 5)
    call MPI_Win_get_attr(win, MPI_WIN_CREATE_FLAVOR, attribute, there)
    call require(there .and. attribute == MPI_WIN_FLAVOR_SHARED, 6)
    call MPI_Win_get_group(win, group)
    call MPI_Comm_group(MPI_COMM_WORLD, world)
    call MPI_Group_compare(group, world, i)
    call require(i == MPI_IDENT, 7)
    call MPI_Group_free(group)
    call MPI_Group_free(world)
    call MPI_Win_shared_query(win, MPI_PROC_NULL, found, unit, theirs)
    call require(found == bytes, 8)

    ! Put and get of arrays and of sections; requests.
    values = [(rank + i * 0.5d0, i = 1, n)]
    call MPI_Barrier(MPI_COMM_WORLD)
    call MPI_Win_lock(MPI_LOCK_EXCLUSIVE, right, 0, win)
    call MPI_Put(values, n, MPI_DOUBLE_PRECISION, right, zero, n, MPI_DOUBLE_PRECISION, win)
    call MPI_Win_unlock(right, win)
    call MPI_Barrier(MPI_COMM_WORLD)
    call require(all(mine == [(left + i * 0.5d0, i = 1, n)]), 9)
    matrix = 0
    call MPI_Win_lock_all(0, win)
    call MPI_Get(matrix(7, :), n, MPI_DOUBLE_PRECISION, right, zero, n, MPI_DOUBLE_PRECISION, win)
    call MPI_Rget(got, n, MPI_DOUBLE_PRECISION, right, zero, n, MPI_DOUBLE_PRECISION, win, request)
    call MPI_Wait(request, MPI_STATUS_IGNORE)
    call MPI_Win_flush_all(win)
    call require(all(matrix(7, :) == [(rank + i * 0.5d0, i = 1, n)]) .and. all(matrix(6, :) == 0), 10)
    call require(all(got == matrix(7, :)), 11)
    call MPI_Win_unlock_all(win)
    call MPI_Win_set_errhandler(win, MPI_ERRORS_RETURN)
    call MPI_Put(values, -1, MPI_DOUBLE_PRECISION, right, zero, n, MPI_DOUBLE_PRECISION, win, error)
    call MPI_Error_class(error, class)
    call require(class == MPI_ERR_COUNT, 12)
    call MPI_Win_free(win)
    call require(win == MPI_WIN_NULL, 13)

    ! Counters in memory of the program.
    counter = 0
    one = 1
    call MPI_Info_create(info)
    call MPI_Info_set(info, 'accumulate_ops', 'same_op')
    call MPI_Win_create(counter, 16_MPI_ADDRESS_KIND, 4, info, MPI_COMM_WORLD, win)
    call MPI_Info_free(info)
    call MPI_Win_fence(0, win)
    do i = 1, 10
        call MPI_Accumulate(one, 1, MPI_INTEGER, 0, 2_MPI_ADDRESS_KIND, 1, MPI_INTEGER, MPI_SUM, win)
    end do
    call MPI_Win_fence(0, win)
    call MPI_F_sync_reg(counter)
    if (rank == 0) call require(counter(3) == 10 * ranks .and. counter(2) == 0 .and. counter(4) == 0, 14)
    call MPI_Win_fence(0, win)
    call MPI_Fetch_and_op(one, before, MPI_INTEGER, right, zero, MPI_SUM, win)
    call MPI_Win_fence(0, win)
    call MPI_F_sync_reg(counter)
    call require(before == 0 .and. counter(1) == 1, 15)
    call MPI_Win_fence(0, win)
    call MPI_Compare_and_swap(rank, one, before, MPI_INTEGER, right, zero, win)
    call MPI_Win_fence(0, win)
    call require(before == 1 .and. counter(1) == left, 16)
    call MPI_Win_free(win)

    ! Dynamic windows: absolute addresses.
    attached = rank
    call MPI_Win_create_dynamic(MPI_INFO_NULL, MPI_COMM_WORLD, dynamic)
    call MPI_Win_attach(dynamic, attached, 40_MPI_ADDRESS_KIND)
    call MPI_Get_address(attached(4), place)
    call MPI_Sendrecv_replace(place, 1, MPI_AINT, left, 0, right, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE)
    call MPI_Win_fence(0, dynamic)
    before = rank + 50
    call MPI_Put(before, 1, MPI_INTEGER, right, place, 1, MPI_INTEGER, dynamic)
    call MPI_Win_fence(0, dynamic)
    call MPI_F_sync_reg(attached)
    call require(attached(4) == left + 50 .and. attached(3) == rank, 17)
    call MPI_Win_detach(dynamic, attached)
    call MPI_Win_free(dynamic)
    print '(a,i0)', 'passed on rank ', rank
    call MPI_Finalize()
contains
    subroutine require(condition, number)
        logical, intent(in) :: condition
        integer, intent(in) :: number
        if (condition) return
        print '(a,i0,a,i0)', 'rank ', rank, ': failed at ', number
        call MPI_Abort(MPI_COMM_WORLD, 9)
    end subroutine
end program
