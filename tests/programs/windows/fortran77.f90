! mpif.h: windows with handles that are integers, over memory in a common block; Fortran's own datatypes.
! @without-stock MPICH 4.0.2 confuses windows on neighbouring memory, one after the other too
! @np 1 2 4
program fortran77
    implicit none
    include 'mpif.h'
    integer rank, ranks, right, left, ierror, win, i, group, others(1), members, unit, class
    integer memory(50), values(10), pairs(2), best(2), flags(4)
    double precision sums(4), mine(4)
    complex number, total(2)
    logical yes, flag
    common /windows/ sums, total, memory, best, flags
    integer(kind=MPI_ADDRESS_KIND) bytes, place, attribute
    call MPI_INIT(ierror)
    call MPI_COMM_RANK(MPI_COMM_WORLD, rank, ierror)
    call MPI_COMM_SIZE(MPI_COMM_WORLD, ranks, ierror)
    right = mod(rank + 1, ranks)
    left = mod(rank + ranks - 1, ranks)

    memory = -1
    bytes = 200
    call MPI_WIN_CREATE(memory, bytes, 4, MPI_INFO_NULL, MPI_COMM_WORLD, win, ierror)
    call MPI_WIN_GET_ATTR(win, MPI_WIN_DISP_UNIT, attribute, flag, ierror)
    call check(flag .and. attribute == 4, 1)
    do i = 1, 10
        values(i) = rank * 100 + i
    end do
    call MPI_WIN_FENCE(MPI_MODE_NOPRECEDE, win, ierror)
    place = 5
    call MPI_PUT(values, 10, MPI_INTEGER, right, place, 10, MPI_INTEGER, win, ierror)
    call MPI_WIN_FENCE(0, win, ierror)
    do i = 1, 10
        call check(memory(5 + i) == left * 100 + i, 2)
    end do
    call check(memory(5) == -1 .and. memory(16) == -1, 3)

    ! Post, start, complete and wait.
    call MPI_COMM_GROUP(MPI_COMM_WORLD, group, ierror)
    others(1) = left
    call MPI_GROUP_INCL(group, 1, others, members, ierror)
    call MPI_WIN_POST(members, 0, win, ierror)
    call MPI_GROUP_FREE(members, ierror)
    others(1) = right
    call MPI_GROUP_INCL(group, 1, others, members, ierror)
    call MPI_WIN_START(members, 0, win, ierror)
    place = 40
    call MPI_PUT(values(3), 1, MPI_INTEGER, right, place, 1, MPI_INTEGER, win, ierror)
    call MPI_WIN_COMPLETE(win, ierror)
    call MPI_WIN_WAIT(win, ierror)
    call check(memory(41) == left * 100 + 3, 4)
    call MPI_GROUP_FREE(members, ierror)
    call MPI_GROUP_FREE(group, ierror)

    ! Errors are codes.
    call MPI_WIN_SET_ERRHANDLER(win, MPI_ERRORS_RETURN, ierror)
    call MPI_WIN_UNLOCK(right, win, ierror)
    call MPI_ERROR_CLASS(ierror, class, i)
    call check(class == MPI_ERR_RMA_SYNC, 5)
    call MPI_WIN_FREE(win, ierror)
    call check(win == MPI_WIN_NULL, 6)

    ! Reals, complex numbers, pairs and logicals.
    sums = 0
    bytes = 32
    call MPI_WIN_CREATE(sums, bytes, 8, MPI_INFO_NULL, MPI_COMM_WORLD, win, ierror)
    do i = 1, 4
        mine(i) = i * 0.25d0
    end do
    place = 0
    call MPI_WIN_LOCK(MPI_LOCK_SHARED, 0, 0, win, ierror)
    call MPI_ACCUMULATE(mine, 4, MPI_DOUBLE_PRECISION, 0, place, 4, MPI_DOUBLE_PRECISION, MPI_SUM, win, ierror)
    call MPI_WIN_UNLOCK(0, win, ierror)
    call MPI_WIN_FREE(win, ierror)
    if (rank == 0) call check(all(sums == mine * ranks), 7)

    total = (0.0, 0.0)
    number = (1.0, 2.0)
    bytes = 16
    call MPI_WIN_CREATE(total, bytes, 8, MPI_INFO_NULL, MPI_COMM_WORLD, win, ierror)
    call MPI_WIN_FENCE(0, win, ierror)
    place = 1
    call MPI_ACCUMULATE(number, 1, MPI_COMPLEX, 0, place, 1, MPI_COMPLEX, MPI_SUM, win, ierror)
    call MPI_WIN_FENCE(0, win, ierror)
    call MPI_WIN_FREE(win, ierror)
    if (rank == 0) call check(total(2) == number * ranks .and. total(1) == (0.0, 0.0), 8)

    best(1) = -5
    best(2) = -1
    pairs(1) = mod(rank * 3, ranks + 1)
    pairs(2) = rank
    bytes = 8
    call MPI_WIN_CREATE(best, bytes, 1, MPI_INFO_NULL, MPI_COMM_WORLD, win, ierror)
    call MPI_WIN_FENCE(0, win, ierror)
    place = 0
    call MPI_ACCUMULATE(pairs, 1, MPI_2INTEGER, 0, place, 1, MPI_2INTEGER, MPI_MAXLOC, win, ierror)
    call MPI_WIN_FENCE(0, win, ierror)
    call MPI_WIN_FREE(win, ierror)
    pairs(1) = -5
    do i = 0, ranks - 1
        if (mod(i * 3, ranks + 1) > pairs(1)) then
            pairs(1) = mod(i * 3, ranks + 1)
            pairs(2) = i
        end if
    end do
    if (rank == 0) call check(best(1) == pairs(1) .and. best(2) == pairs(2), 9)

    flags = 0
    yes = .true.
    bytes = 16
    unit = 4
    call MPI_WIN_CREATE(flags, bytes, unit, MPI_INFO_NULL, MPI_COMM_WORLD, win, ierror)
    call MPI_WIN_FENCE(0, win, ierror)
    place = 2
    call MPI_ACCUMULATE(yes, 1, MPI_LOGICAL, right, place, 1, MPI_LOGICAL, MPI_LOR, win, ierror)
    call MPI_WIN_FENCE(0, win, ierror)
    call MPI_WIN_FREE(win, ierror)
    call check(flags(3) /= 0 .and. flags(2) == 0 .and. flags(4) == 0, 10)
    print '(a,i0)', 'passed on rank ', rank
    call MPI_FINALIZE(ierror)
contains
    subroutine check(condition, number)
        logical, intent(in) :: condition
        integer, intent(in) :: number
        integer error
        if (condition) return
        print '(a,i0,a,i0)', 'rank ', rank, ': failed at ', number
        call MPI_ABORT(MPI_COMM_WORLD, 9, error)
    end subroutine
end program
